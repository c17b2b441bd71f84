import assert from 'node:assert/strict'
import { closeSync, existsSync, fstatSync, openSync, writeSync } from 'node:fs'
import { rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ProjectFolder } from './project-folder.js'
import { call, EKIBEN, logLines } from './serve-fixture.js'
import { type ServingCommand, startServing } from './serving-command.js'
import { waitUntil } from './wait-until.js'

const WITHIN_MS = 30_000

/** What it says once an app has come to nothing. */
export const WAITS = 'the app does not run: waiting for a change'

export interface Reloading extends ServingCommand {
  /** The lines of its log, as they are now. */
  readonly lines: () => ReturnType<typeof logLines>
  /** How often it has been restarted for a change. */
  readonly changes: () => number
  /** Resolves when this many runs have been ready. */
  readonly ready: (runs: number) => Promise<void>
  /** Resolves when it says that it waits for a change; the text that it wrote to stderr up to there. */
  readonly broken: () => Promise<string>
}

/** `ekiben serve … --development --reload` in a project. Give it to `await using`. */
export function serveReloading(
  { path }: Pick<ProjectFolder, 'path'>,
  flags: readonly string[] = [],
  options: { readonly cwd?: string; readonly identifier?: string } = {},
): Promise<Reloading> {
  const { cwd = path, identifier = 'service:Greeter' } = options
  return startReloading([EKIBEN, 'serve', identifier, '--development', '--reload', ...flags], cwd)
}

/** Any command that restarts its app. */
export async function startReloading(args: readonly string[], cwd: string): Promise<Reloading> {
  const env = { NODE_ENV: undefined, EKIBEN_PORT: '0', EKIBEN_LOG_FORMAT: 'json' }
  return reloading(await startServing(args, { cwd, env }))
}

export function reloading(run: ServingCommand): Reloading {
  const lines = () => logLines(run.stdout())
  const count = (msg: string): number => lines().filter((line) => line.msg === msg).length
  const until = (isSo: () => boolean, what: string): Promise<unknown> =>
    waitUntil(() => isSo() || undefined, {
      timeoutMs: WITHIN_MS,
      describe: () => `${what}:\n${run.stdout()}${run.stderr()}`,
    })
  let seen = 0
  return {
    ...run,
    lines,
    changes: () => count('changed: restarting'),
    ready: async (runs) => void (await until(() => count('ready') >= runs, `run ${runs}`)),
    broken: async () => {
      await until(() => count(WAITS) > seen, 'word that it waits')
      seen = count(WAITS)
      return run.stderr()
    },
  }
}

/**
 * As an editor saves that leaves the file where it is, but in one step, over what was there: what empties the file first
 * makes two changes of it on a busy machine. A new file is put there as a whole.
 */
export async function save(project: Pick<ProjectFolder, 'path'>, name: string, text: string): Promise<void> {
  const file = join(project.path, name)
  if (!existsSync(file)) return saveByRename(project, name, text)
  const fd = openSync(file, 'r+')
  writeSync(fd, text.padEnd(fstatSync(fd).size))
  closeSync(fd)
}

/** As an editor saves that puts another file in its place. */
export async function saveByRename({ path }: Pick<ProjectFolder, 'path'>, name: string, text: string): Promise<void> {
  const prepared = join(path, `${name}.tmp`)
  await writeFile(prepared, text)
  await rename(prepared, join(path, name))
}

export const words = (text: string): string => `export const words: string = '${text}'\n`

/** Resolves, with the greeting, when it has these words. */
export async function greets<T = unknown>(
  run: Pick<Reloading, 'url' | 'stdout' | 'stderr'>,
  expected: string,
): Promise<T> {
  let last: unknown
  return waitUntil(
    async () => {
      last = (await call<{ words?: string }>(run.url, 'greet')).body
      return (last as { words?: string }).words === expected ? (last as T & object) : undefined
    },
    {
      timeoutMs: WITHIN_MS,
      describe: () => `the words '${expected}', last ${JSON.stringify(last)}:\n${run.stdout()}${run.stderr()}`,
    },
  )
}

/** It has been restarted for so many changes. */
export function isRestarted(run: Pick<Reloading, 'changes' | 'stdout'>, times: number): void {
  assert.equal(run.changes(), times, run.stdout())
}

/** It stops as it should, whatever it was doing. */
export async function stops(
  run: Pick<Reloading, 'stop' | 'stdout' | 'stderr'>,
  signal: NodeJS.Signals = 'SIGTERM',
): Promise<void> {
  assert.equal(await run.stop(signal), 0, run.stdout() + run.stderr())
}
