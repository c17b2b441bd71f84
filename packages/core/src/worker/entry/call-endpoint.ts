import { setTimeout as sleep } from 'node:timers/promises'
import type { CallServer } from '../../call/call-server.js'
import type { Endpoint } from './endpoint.js'

/** Frames on a Unix socket of this worker's own. */
export function callEndpoint(server: CallServer, path: string): Endpoint {
  return {
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
