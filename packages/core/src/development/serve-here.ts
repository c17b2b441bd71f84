import { LoneServer } from '../bootstrap/lone-server.js'
import type { ServeSettings } from '../config/serve-settings.js'
import { makeMounts } from '../http/make-mounts.js'
import { NodeHost } from '../http/node-host.js'
import { prefixMounts, prefixRoutes } from '../http/prefix-routes.js'
import type { ServiceSource } from '../ipc/protocol.js'
import { WorkerCounts } from '../metrics/worker-counts.js'
import { createLogger } from '../observe/create-logger.js'
import type { Logger } from '../observe/logger.js'
import type { InlineSettings } from '../plan/inline-settings.js'
import type { ServePlan, ServicePlan, TrafficPlan } from '../plan/serve-plan.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import type { ServerClosed } from '../supervisor/server.js'
import type { TlsIdentity } from '../tls/tls-identity.js'
import { type InlineService, startInline } from '../worker/entry/inline-service.js'
import { loadRoot, type WorkerService, workerService } from '../worker/entry/load-worker-service.js'
import { renderOwnMetrics } from './render-own-metrics.js'

/** How often a service is asked how it is, as a worker's heartbeat would. */
const ASK_INTERVAL_MS = 250

/** A plan, and what it comes to in one process. */
export interface InlinePlan {
  readonly plan: ServePlan
  readonly inline: InlineSettings
}

export interface ServeHereOptions {
  readonly settings: ServeSettings
  /** What to serve: a service of this process, or where it is found. */
  readonly source: ServiceSource | ServiceDefinition
  readonly makePlan: (graph: WorkerService['graph']) => Promise<InlinePlan>
  /** What it encrypts with; undefined: it does not. */
  readonly tls: TlsIdentity | undefined
  readonly handleSignals: boolean
  /** As its last act, where it came to serve. */
  readonly tidy: (outcome: ServerClosed) => Promise<void>
}

/** Serves a service in this process, and all it depends on with it. Rejects with nothing left running. */
export async function serveHere(options: ServeHereOptions): Promise<LoneServer> {
  const { settings, handleSignals, makePlan, tls, tidy } = options
  const service = await load(options)
  const { name } = service.definition
  const { plan, inline } = await makePlan(service.graph)
  const log = createLogger({ ...settings.log, bindings: { instance: settings.instance ?? name } })
  const running = await startInline(service, inline, log)
  const leaving = new AbortController()
  leaving.signal.addEventListener('abort', running.beginDrain)
  const server = new LoneServer({ name, leaving, settings, handleSignals, tidy, log })
  const planned = plan.services.find(({ entry }) => entry) as ServicePlan
  try {
    const host = await openHost({
      settings,
      running,
      service,
      traffic: planned.traffic as TrafficPlan,
      tls,
      log: log.child({ service: name, slot: 0 }),
    })
    const asking = setInterval(running.probes.ask, ASK_INTERVAL_MS).unref()
    const close = async (): Promise<void> => {
      clearInterval(asking)
      await running.stop()
    }
    server.take({ ...host, calls: running.runner.calls, close })
  } catch (error) {
    await running.stop().catch(() => {})
    throw error
  }
  return server
}

async function load({ settings, source }: ServeHereOptions): Promise<WorkerService> {
  if ('workingDir' in source) return workerService(await loadRoot(source), source)
  return workerService({ root: source, located: { file: settings.workingDir, exportName: undefined } }, {})
}

interface Hosted {
  readonly settings: ServeSettings
  readonly running: InlineService
  readonly service: WorkerService
  readonly traffic: TrafficPlan
  readonly tls: TlsIdentity | undefined
  readonly log: Logger
}

async function openHost({ settings, running, service: { definition }, traffic, tls, log }: Hosted) {
  const { prefix = '', trustProxy, systemRoutes } = settings
  const { accessLog, keepAliveTimeoutMs, cors, port, host: name, backlog, admin } = settings
  const { timeoutMs, maxConcurrency, maxQueue } = traffic
  const counts = new WorkerCounts()
  const metrics = renderOwnMetrics({ name: definition.name, counts, log })
  let isStopping = false
  const host = new NodeHost({
    definition: prefixRoutes(definition, prefix),
    handler: running.runner.invoke.bind(running.runner),
    log,
    accessLog,
    keepAliveTimeoutMs,
    timeoutMs,
    ...(maxConcurrency !== undefined && { maxConcurrency }),
    maxQueue,
    isReady: () => !isStopping && running.probes.ready,
    counts: counts.requests,
    metrics: admin === undefined ? metrics : undefined,
    cors,
    trustProxy,
    systemRoutes,
    mounts: prefixMounts(await makeMounts(definition, running.instance), prefix),
    development: { host: name },
    tls,
    handshakes: counts.handshakes,
  })
  const bound = await host.listen({ port, host: name, backlog })
  const drain: NodeHost['drain'] = (options, events) => {
    isStopping = true
    return host.drain(options, events)
  }
  return { address: { host: bound?.address ?? name, port: bound?.port ?? port }, drain, metrics }
}
