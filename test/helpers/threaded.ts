import { readFile } from 'node:fs/promises'
import { type Answer, call, logLines, serveFixture } from './serve-fixture.js'
import type { ServingCommand } from './serving-command.js'
import { waitUntil } from './wait-until.js'

/** Where a worker of the fixture `threads` runs. */
export interface Place {
  readonly service: string
  readonly slot: number
  readonly generation: number
  readonly pid: number
  /** 0: the main thread of a process. */
  readonly threadId: number
  readonly model: string | null
  readonly zone: string
  readonly flags: readonly string[]
  /** Of its heap, in MiB; of a main thread none. */
  readonly limits: { readonly maxOldGenerationSizeMb?: number; readonly maxYoungGenerationSizeMb?: number }
}

const WATCHED = ['--no-access-log', '--log-level', 'debug']

/** The fixture with every worker a thread, unless the flags say otherwise. */
export function serveThreads(flags: readonly string[] = []): Promise<ServingCommand> {
  return serveFixture('threads:Front', ['--threaded', ...WATCHED, ...flags])
}

/** The workers that answer, by `service#slot`, once there are so many. */
export function places(server: ServingCommand, count: number): Promise<ReadonlyMap<string, Place>> {
  const seen = new Map<string, Place>()
  return waitUntil(
    async () => {
      for (const place of (await call<Place[]>(server.url, 'both')).body) {
        seen.set(`${place.service}#${place.slot}`, place)
      }
      return seen.size >= count ? seen : undefined
    },
    { describe: () => `${count} workers that answer, not ${[...seen.keys()]}` },
  )
}

/** Has a worker of Back end in that way; its callers are told. */
export function endBack(server: ServingCommand, by: string): Promise<Answer<unknown>> {
  return call(server.url, 'behind', { api: 'end', by })
}

export function deaths(server: ServingCommand): { readonly [field: string]: unknown }[] {
  return logLines(server.stdout()).filter(({ msg }) => msg === 'worker died')
}

/** Resolves once so many workers of a service have become ready, those that are gone counted. */
export function untilReady(server: ServingCommand, service: string, count: number): Promise<unknown> {
  const ready = () => logLines(server.stdout()).filter((line) => line.service === service && line.to === 'ready')
  return waitUntil(() => ready().length >= count, {
    describe: () => `${count} workers of ${service}:\n${server.stdout()}${server.stderr()}`,
  })
}

/** The names of the threads that a process shows in its title. */
export async function titleOf(pid: number): Promise<string> {
  return (await readFile(`/proc/${pid}/cmdline`, 'utf8')).replaceAll('\0', ' ').trim()
}
