import type { AddressInfo } from 'node:net'
import { createError } from '../../errors/service-error.js'
import { NodeHost } from '../../http/node-host.js'
import { prefixMounts, prefixRoutes } from '../../http/prefix-routes.js'
import type { HttpSettings } from '../../ipc/protocol.js'
import { sameAddress } from '../../net/same-address.js'
import { isSocketPath, socketAddress, socketUrl } from '../../net/socket-url.js'
import type { TrafficPlan } from '../../plan/serve-plan.js'
import type { Endpoint, Serving } from './endpoint.js'

/** HTTP on the public socket that the supervisor bound and this worker was given. */
export function httpEndpoint(http: HttpSettings, serving: Serving): Endpoint {
  const { init, start, service, runner, log, isReady, counts, scrape, mounts, seat } = serving
  const { timeoutMs, maxConcurrency, maxQueue } = start.traffic as TrafficPlan
  const { prefix = '' } = http
  const host = new NodeHost({
    definition: prefixRoutes(service.definition, prefix),
    handler: runner.invoke.bind(runner),
    log,
    accessLog: http.accessLog,
    keepAliveTimeoutMs: http.keepAliveTimeoutMs,
    timeoutMs,
    ...(maxConcurrency !== undefined && { maxConcurrency }),
    maxQueue,
    isReady,
    counts: counts.requests,
    ...(http.metrics === true && { metrics: scrape }),
    cors: http.cors,
    tls: init.tls,
    handshakes: counts.handshakes,
    trustProxy: http.trustProxy,
    systemRoutes: http.systemRoutes ?? 'all',
    mounts: prefixMounts(mounts, prefix),
    development: http.development,
  })
  return {
    listen: async () => {
      const bound = await host.listen({ fd: seat.takeSocket(), backlog: http.backlog })
      assertAddress(bound, http.address)
      return socketUrl(http.address.host, http.address.port)
    },
    connections: () => host.connections,
    shed: (connections) => host.shed(connections),
    discourage: () => host.discourage(),
    encourage: () => host.encourage(),
    drain: async ({ timeoutMs, keepAliveDrainMs, ...events }) => {
      const { cut } = await host.drain(
        { keepAliveDrainMs: keepAliveDrainMs ?? Infinity, deadlineMs: timeoutMs },
        events,
      )
      return cut
    },
  }
}

/** Where libuv puts off the error of a bind, a later listen takes a random port and says nothing. */
function assertAddress(bound: AddressInfo | undefined, planned: HttpSettings['address']): void {
  if (bound === undefined && isSocketPath(planned.host)) return
  if (bound?.port === planned.port && sameAddress(bound.address, planned.host)) return
  const actual = bound === undefined ? 'a Unix socket' : socketAddress(bound.address, bound.port)
  const reason = `the inherited socket listens on ${actual} instead`
  throw createError('EKB_ERR_SOCKET_UNAVAILABLE', { address: socketAddress(planned.host, planned.port), reason })
}
