import { entryFile } from '../entry-file.js'
import type { ServiceClass } from '../service/service-definition.js'
import { CALL_CASES } from './conformance/call-cases.js'
import { drainsUnderLoad, endsInTime, refusesOverload } from './conformance/load-cases.js'
import { REFUSAL_CASES } from './conformance/refusal-cases.js'
import { STREAM_CASES } from './conformance/stream-cases.js'
import { type HostTraits, TestedHost } from './conformance/tested-host.js'

export type { HostTraits } from './conformance/tested-host.js'

/** A host that serves the service it was given. */
export interface HostUnderTest {
  /** Where its routes are, without a slash at its end. */
  readonly url: string
  /** Ends it gracefully, the beginning of its drain first (`ctx.draining`); resolves when it is gone. */
  stop(): Promise<void>
}

/** What the host under test is to serve. */
export interface ConformanceService {
  /** A service, most of the time one that depends on another. */
  readonly service: ServiceClass
  /** The same, for hosts in another process. */
  readonly identifier: string
}

export interface ConformanceOptions extends HostTraits {
  /** Name of the suite. Default `host`. */
  readonly name?: string
}

/**
 * The suite that every host of ours passes, for whoever writes another: JSON, validation, errors, streams, files,
 * clients that leave or wait only so long, overload, request ids, traces, readiness, and a stop under load. To be called
 * in a file that `node --test` runs.
 *
 * @example
 * hostConformance(async ({ service }) => {
 *   const app = makeApp(service)
 *   await app.listen()
 *   return { url: app.url, stop: () => app.close() }
 * }, { name: 'my host', ownErrors: true })
 */
export function hostConformance(
  startHost: (services: ConformanceService) => Promise<HostUnderTest>,
  { name = 'host', ...traits }: ConformanceOptions = {},
): void {
  // Here: whoever tests services only, with another runner, must not load this one.
  const { describe, it, before, after } = process.getBuiltinModule('node:test')
  const file = entryFile('testing/conformance/services')
  const services = require(file) as Readonly<Record<'Texts' | 'Hurried' | 'Narrow', ServiceClass>>
  const start = (name: keyof typeof services) => startHost({ service: services[name], identifier: `${file}:${name}` })
  // The runner itself waits for what is registered with it.
  void describe(`host: ${name}`, () => {
    let host: HostUnderTest
    before(async () => {
      host = await start('Texts')
    })
    after(() => host.stop())
    for (const { name: what, run } of [...CALL_CASES, ...STREAM_CASES, ...REFUSAL_CASES]) {
      void it(what, () => run(new TestedHost(host.url, traits)))
    }
    void it('answers 503 where too many calls of a dependency run and wait already', () =>
      refusesOverload(new TestedHost(host.url, traits), 503))
    for (const { what, service, run } of [
      { what: 'answers an api that never answers with 504 EKB_ERR_TIMEOUT', service: 'Hurried', run: endsInTime },
      { what: 'answers 429 where too many calls run and wait already', service: 'Narrow', run: refusesOverload },
    ] as const) {
      void it(what, async () => {
        const other = await start(service)
        try {
          await run(new TestedHost(other.url, traits))
        } finally {
          await other.stop()
        }
      })
    }
    void it('answers all that it has begun when it is stopped, and leaves no connection', async () => {
      const stopped = await start('Texts')
      await drainsUnderLoad(new TestedHost(stopped.url, traits), () => stopped.stop())
    })
  })
}
