import { type CallTransport, createServiceClient } from '../call/service-client.js'
import { toPublicError } from '../errors/public-error.js'
import { createError } from '../errors/service-error.js'
import { buildGraph } from '../graph/build-graph.js'
import { followEdges } from '../graph/follow-edges.js'
import { errorAnswer } from '../http/error-answer.js'
import { acceptRequestId, createRequestIds } from '../http/request-id.js'
import { SpoolFolder } from '../http/spool-folder.js'
import type { Logger } from '../observe/logger.js'
import { type ApiDescription, describeApi } from '../openapi/describe-api.js'
import type { ServiceClient } from '../service/service-client.js'
import type { ServiceClass, ServiceDefinition } from '../service/service-definition.js'
import { normalisePrefix } from '../util/normalise-prefix.js'
import { DrainListeners, onProcessDrain } from './drain-listeners.js'
import { warnOfHostLimit } from './host-limit.js'
import type { HostSession } from './host-session.js'
import type { RunningService } from './inline-graph.js'
import { warnOfInline } from './inline-warning.js'
import { lateTransport } from './late-transport.js'
import { answerFetch, answerNode } from './mount-handlers.js'
import { type MountedApi, mountedApis, RouteIndex } from './mount-routes.js'
import { enterScope, type MountScope } from './mount-scope.js'
import type {
  HostBodyLimit,
  Mount,
  MountAnswer,
  MountCallContext,
  MountOptions,
  MountRequest,
  MountRoute,
  RequestHead,
} from './mount-types.js'
import { definitionGiven } from './mounted-definition.js'
import { type ParserError, toBodyError } from './parser-error.js'
import { NO_VALUE, ServedService, toMountAnswer } from './served-service.js'
import { SystemMount } from './system-mount.js'

export interface ServiceMountOptions extends MountOptions {
  readonly mounted: readonly ServiceDefinition[]
  readonly used: readonly ServiceDefinition[]
  readonly log: Logger
  /** Of the worker that this process is, or of its own pools; undefined: it has neither. */
  readonly session: HostSession | undefined
}

/** Services mounted in a host; see `Mount`. */
export class ServiceMount implements Mount {
  readonly #options: ServiceMountOptions
  readonly #apis: readonly MountedApi[]
  readonly #index: RouteIndex
  readonly #used: Set<ServiceDefinition>
  readonly #served = new Map<ServiceDefinition, ServedService>()
  readonly #running = new Map<ServiceDefinition, RunningService>()
  readonly #system: SystemMount
  readonly #spool = new SpoolFolder()
  readonly #scope: MountScope
  readonly #leave: (() => void)[] = []
  readonly #makeId = createRequestIds()
  readonly #drain: DrainListeners
  #ready: Promise<void> | undefined
  /** Why it could not start. */
  #failure: unknown
  #closing: Promise<void> | undefined

  constructor(options: ServiceMountOptions) {
    const { mounted, used, session, log, prefix = '', system = 'none' } = options
    this.#options = options
    // What cannot be a graph is told of here, where the user's line is.
    for (const definition of [...mounted, ...used]) buildGraph(definition)
    this.#apis = mountedApis(mounted, normalisePrefix(prefix))
    this.#used = new Set(used)
    this.#system = new SystemMount({
      which: system,
      apis: this.#apis,
      pathOf: options.pathOf,
      isReady: () => this.#isReady,
      metrics: session?.metrics,
    })
    this.#index = new RouteIndex(this.#apis, this.#system.routes)
    this.#announce()
    const { slot = 0, own, join } = session ?? {}
    this.#scope = enterScope(options.scope, { log, slot, reach: own?.reach ?? session?.use, join })
    for (const definition of mounted) this.#served.set(definition, this.#serve(definition))
    this.#drain = new DrainListeners(log)
    this.#leave.push((session?.onDrain ?? onProcessDrain)(this.beginDrain))
  }

  get routes(): readonly MountRoute[] {
    return this.#index.routes
  }

  answer(route: MountRoute, request: MountRequest): Promise<MountAnswer> {
    if (this.#system.has(route)) return this.#system.answer(route, this.requestId(request))
    const { api, definition } = this.#index.apiOf(route)
    return (this.#served.get(definition) as ServedService).answer(api, request)
  }

  routeOf(api: string): MountRoute {
    return this.#index.named(api).route
  }

  describe(route: MountRoute): ApiDescription {
    const { api, definition } = this.#index.apiOf(route)
    return describeApi(definition, api.api)
  }

  requestId({ headers, requestId }: RequestHead): string {
    return acceptRequestId(headers['x-request-id']) ?? acceptRequestId(requestId) ?? this.#makeId()
  }

  noteBodyLimit(limit: HostBodyLimit): void {
    warnOfHostLimit(this.#apis, limit, this.#options.log)
  }

  refuseBody(error: ParserError, request: RequestHead): MountAnswer {
    const requestId = this.requestId(request)
    const refused = toBodyError(error, request.headers['content-type'])
    return toMountAnswer(errorAnswer(toPublicError(refused), requestId), NO_VALUE, { requestId })
  }

  async call(name: string, input: unknown = {}, context: MountCallContext = {}): Promise<unknown> {
    const { api, definition } = this.#index.named(name)
    return (this.#served.get(definition) as ServedService).call(api, input, context)
  }

  readonly node: Mount['node'] = (request, response, next) => answerNode(this, { request, response, next })

  readonly fetch = (request: Request): Promise<Response> => answerFetch(this, request)

  /** The route for exactly this. @internal */
  find(method: string, path: string): MountRoute | undefined {
    return this.#index.find(method, path)
  }

  /** Why there is none. @internal */
  refusal(method: string, path: string): Error {
    return this.#index.refusal(method, path)
  }

  client<TService extends ServiceClass>(service: TService): ServiceClient<TService> {
    const definition = definitionGiven(service, 'client()')
    return createServiceClient(definition, this.#transport(definition)) as ServiceClient<TService>
  }

  use<TService extends ServiceClass>(service: TService): ServiceClient<TService> {
    const definition = definitionGiven(service, 'use()')
    if (!this.#served.has(definition)) this.#used.add(definition)
    return this.client(service)
  }

  ready(): Promise<void> {
    if (this.#ready === undefined) {
      this.#ready = this.#start().catch(async (error: unknown) => {
        this.#failure = error
        await this.close().catch(() => {})
        throw error
      })
      this.#options.session?.hold(this.#ready)
    }
    return this.#ready
  }

  onDrain(listener: () => void): () => void {
    return this.#drain.add(listener)
  }

  readonly beginDrain = (): void => {
    for (const { runner } of this.#running.values()) runner.beginDrain()
    this.#drain.begin()
  }

  close(): Promise<void> {
    this.#closing ??= this.#stop()
    return this.#closing
  }

  get isSupervised(): boolean {
    const { session } = this.#options
    return session !== undefined && session.own === undefined
  }

  get #isReady(): boolean {
    const started = [...this.#served.keys()].every((definition) => this.#running.has(definition))
    if (!started || this.#closing !== undefined) return false
    if (this.#options.session?.isReady() === false) return false
    // A supervisor knows better: a worker that is merely replaced is no reason to send clients elsewhere.
    return this.isSupervised || (!this.#drain.hasBegun && this.#saysReady)
  }

  /** The last word of the services that run here; they are asked anew. */
  get #saysReady(): boolean {
    const { services } = this.#scope
    services?.ask()
    return services === undefined || services.answers.ready
  }

  #serve(definition: ServiceDefinition): ServedService {
    const { log, session, errors = 'host' } = this.#options
    return new ServedService({
      definition,
      handler: (api, input, request) => {
        const running = this.#running.get(definition)
        this.#refuseIfClosed(definition)
        if (running !== undefined) return running.runner.invoke(api, input, request)
        // Most hosts wait for ready(); in one that does not, the first requests do.
        return this.#started(definition).then(({ runner }) => runner.invoke(api, input, request))
      },
      spool: this.#spool,
      errors,
      counts: session?.requests,
      gate: this.#scope.graph.gateOf(definition),
      // A supervisor's worker ends its connections itself.
      isLeaving: () => !this.isSupervised && this.#drain.hasBegun,
      log: log.child({ service: definition.name }),
    })
  }

  /** At once: the pools start while the app is built. */
  #announce(): void {
    const { session, mounted, used } = this.#options
    if (session?.use === undefined) return
    for (const definition of mounted) for (const edge of followEdges(definition).locals) session.use(edge.definition)
    for (const definition of used) session.use(definition)
  }

  #transport(definition: ServiceDefinition): CallTransport {
    const { session, mounted } = this.#options
    if (session?.use !== undefined && !mounted.includes(definition)) return session.use(definition)
    return lateTransport(async () => (await this.#started(definition)).transport)
  }

  async #started(definition: ServiceDefinition): Promise<RunningService> {
    this.#refuseIfClosed(definition)
    if (this.#served.has(definition)) await this.ready()
    else this.#warnOfInline()
    return this.#running.get(definition) ?? this.#scope.graph.start(definition)
  }

  #refuseIfClosed({ name: service }: ServiceDefinition): void {
    if (this.#closing === undefined) return
    throw this.#failure ?? createError('EKB_ERR_MOUNT_CLOSED', { service })
  }

  async #start(): Promise<void> {
    const { session, mounted, log, hostBodyLimit } = this.#options
    if (mounted[0] !== undefined) this.#refuseIfClosed(mounted[0])
    this.#spool.clearDead().catch((err: unknown) => log.warn({ err }, 'could not clear old uploads'))
    const inline = session?.use === undefined ? [...this.#used] : []
    this.#warnOfInline()
    if (hostBodyLimit !== undefined) this.noteBodyLimit(hostBodyLimit)
    await Promise.all([
      session?.own?.connect(),
      ...mounted.map((definition) => this.#startMounted(definition)),
      ...inline.map((definition) => this.#scope.graph.start(definition)),
    ])
  }

  /** What may be known only as it is used is among the used by then. */
  #warnOfInline(): void {
    const { session, mounted, dependencies, log } = this.#options
    if (session === undefined && dependencies !== 'inline') warnOfInline(mounted, [...this.#used], log)
  }

  async #startMounted(definition: ServiceDefinition): Promise<void> {
    const { construct } = this.#options
    const made = construct === undefined ? undefined : () => construct(definition.target, definition.create)
    const running = await this.#scope.graph.start(definition, { construct: made })
    this.#running.set(definition, running)
  }

  async #stop(): Promise<void> {
    this.beginDrain()
    for (const leave of this.#leave.splice(0)) leave()
    try {
      await this.#scope.release()
    } finally {
      await Promise.all([this.#options.session?.own?.leave(), this.#spool.remove()])
    }
  }
}
