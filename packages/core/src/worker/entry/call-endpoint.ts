import { setTimeout as sleep } from 'node:timers/promises'
import { CallServer } from '../../call/call-server.js'
import type { Endpoint, Serving } from './endpoint.js'

/** Frames on a Unix socket of this worker's own. */
export function callEndpoint(path: string, { init, start, service, runner, log, counts }: Serving): Endpoint {
  const { definition, schemaHash } = service
  const server = new CallServer({
    handler: runner.invoke.bind(runner),
    service: definition.name,
    slot: init.identity.slot,
    apis: Object.keys(definition.apis),
    schemaHash,
    log,
    counts: counts.requests,
    maxConcurrency: start.traffic.maxConcurrency,
  })
  return {
    callers: () => server.callers,
    listen: async () => {
      await server.listen(path)
      return path
    },
    drain: async ({ timeoutMs }) => {
      const deadline = new AbortController()
      const drained = server.drain().then(() => [])
      const late = sleep(timeoutMs, undefined, { signal: deadline.signal }).then(
        () => Array.from({ length: server.inFlight }, () => 'a call from another service'),
        () => [],
      )
      const cut = await Promise.race([drained, late])
      deadline.abort()
      await server.close()
      return cut
    },
  }
}
