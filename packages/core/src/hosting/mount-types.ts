import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http'
import type { Readable } from 'node:stream'
import type { Logger } from '../observe/logger.js'
import type { ApiDescription } from '../openapi/describe-api.js'
import type { CallContext } from '../service/call-context.js'
import type { ServiceClient } from '../service/service-client.js'
import type { AnySchema, ServiceClass, ServiceOptions } from '../service/service-definition.js'

/** What is mounted: services whose apis run in this process. Without any, the mount only gives clients. */
export type MountTarget = ServiceClass | readonly ServiceClass[]

/** Which of `/livez`, `/healthz`, `/readyz` (`probes`) and the others of `ekiben serve` a host answers. */
export type SystemRoutesOption = 'all' | 'probes' | 'none'

export interface MountOptions {
  /** Services that run in pools, and that `client()` is asked for: announced before they are needed. Default: none. */
  readonly uses?: readonly ServiceClass[]
  /** Before the path of each route: `/ml`. Default: none. */
  readonly prefix?: string
  /**
   * Where the services run that are not mounted: `inline`, in this process, or in `pools`, which this process
   * supervises itself where no supervisor is above it. Default: pools where one is (`ekiben run`,
   * `bootstrapProduction`), else inline.
   */
  readonly dependencies?: 'inline' | 'pools'
  /** Whose answer an error gets: it is thrown for the `host` to handle, or answered as `ekiben serve` does. Default `host`. */
  readonly errors?: 'host' | 'ekiben'
  /** Default `none`. */
  readonly system?: SystemRoutesOption
  /**
   * Where clients find the route of an api, where the host puts more before it than `prefix`: for the documents among the
   * `system` routes. It is asked when the first of them is. Default: the route's own path.
   */
  readonly pathOf?: ((route: MountRoute) => string) | undefined
  /**
   * What belongs together, such as the host's app: of the mounts of one scope each inline service runs once, until the
   * last of them is closed. Default: all mounts of the process that name none.
   */
  readonly scope?: object
  /** Makes the instance of a mounted service in place of its own `create`, which it is given, and of `new`. */
  readonly construct?: ((service: ServiceClass, create: ServiceOptions['create']) => unknown) | undefined
  /** What the host's own parsers take at most: an api whose own limit is above it draws a warning at the start. */
  readonly hostBodyLimit?: HostBodyLimit | undefined
  /** Default: warnings and errors to stdout. */
  readonly log?: Logger
}

export interface HostBodyLimit {
  readonly bytes: number
  /** Where a user sets it: `bodyLimit of Fastify()`. */
  readonly setting: string
}

/** An api, or an answer of the mount's own, as the host routes it. */
export interface MountRoute {
  readonly method: 'GET' | 'POST'
  /** With the mount's prefix. Literal: it holds no patterns. */
  readonly path: string
  /** Name of the method of the service; of a system route undefined. */
  readonly api: string | undefined
  /** Name of the service; of a system route undefined. */
  readonly service: string | undefined
  readonly input: AnySchema | undefined
  readonly output: AnySchema | undefined
  /** What it does, as the service says. */
  readonly description: string | undefined
  /** Bytes of a body, all parts together; beyond it 413. */
  readonly bodyLimit: number
}

/** A request as a host has it, before or after its own parsers. */
export interface MountRequest {
  readonly headers: IncomingHttpHeaders
  /** The request itself, of which the body is read where the host has not done so. */
  readonly stream?: Readable | undefined
  /** What the host's parsers made of the body; undefined: nothing, it is still to be read. */
  readonly body?: unknown
  /** What the host makes of the input when it has been read, before it is checked: Nest's pipes. What it throws refuses the request. */
  readonly transform?: ((input: unknown) => unknown) | undefined
  /** The host makes text and JSON itself: answers of that kind have a `value` and its `type`, and no `body`. */
  readonly asValue?: boolean | undefined
  /** Its closing before its end says that the client has left. */
  readonly outgoing?: ServerResponse | undefined
  /** Aborts when the client leaves, where there is no `outgoing`. */
  readonly signal?: AbortSignal | undefined
  /** The host's own id of the request; one that the client sent with `x-request-id` wins. */
  readonly requestId?: string | undefined
  readonly remoteAddress?: string | undefined
  /** The host's logger of this request. */
  readonly log?: Logger | undefined
}

export type RequestHead = Pick<MountRequest, 'headers' | 'requestId'>

/** The answer to a request, for the host to send. */
export interface MountAnswer {
  readonly statusCode: number
  /** In order; a name may come more than once. Without `content-length`, but for streams whose length is known. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  /** A `Readable` ends with an error where the answer must break off. `undefined`: there is none. */
  readonly body: string | Uint8Array | Readable | undefined
  /** The result whose JSON the body is; undefined where it is no JSON. With `asValue`, what the host makes the body of. */
  readonly value: unknown
  /** With `asValue`: the `content-type` of what the host makes of the value; undefined: the headers and the body say it all. */
  readonly type: string | undefined
}

/** What a call is told of whoever makes it; all of it may be left out. */
export interface MountCallContext {
  readonly signal?: AbortSignal | undefined
  /** Milliseconds it may take. Default: as the service's `traffic.timeoutMs` says. */
  readonly timeoutMs?: number | undefined
  readonly requestId?: string | undefined
  readonly headers?: CallContext['headers']
  readonly remoteAddress?: string | undefined
}

/** Services mounted in a host: its routes, and what answers them. */
export interface Mount {
  readonly routes: readonly MountRoute[]
  /** A supervisor is above this process, which lets no request in before `ready()`, however long that takes. */
  readonly isSupervised: boolean
  /** Answers a request that the host has routed. Rejects with an error that has `statusCode`, `code` and, for 429 and 503, `headers`. */
  answer(route: MountRoute, request: MountRequest): Promise<MountAnswer>
  /** The route of an api: its name, `Service.api` where several services have one of that name. */
  routeOf(api: string): MountRoute
  /** What an api takes and gives, for a document that the host makes of its routes. */
  describe(route: MountRoute): ApiDescription
  /** The id of a request: the client's own if it will do, else the host's, else one that is made. Each answer has it as `x-request-id`. */
  requestId(request: RequestHead): string
  /** The option `hostBodyLimit`, for a host that learns it late: the warning comes at once. */
  noteBodyLimit(limit: HostBodyLimit): void
  /** The answer that `ekiben serve` gives where a parser of the host's refused the body with this error. */
  refuseBody(error: Error & { readonly statusCode?: number | undefined }, request: RequestHead): MountAnswer
  /**
   * Runs an api: its name, `Service.api` where several services have one of that name. Gives its result; of a stream an
   * AsyncIterable, whose first item must be there in time, and which the signal ends.
   */
  call(api: string, input?: unknown, context?: MountCallContext): Promise<unknown>
  /** A handler for Express, Connect and bare `node:http`: what is no route of the mount goes to `next`. */
  node(request: IncomingMessage, response: ServerResponse, next?: (error?: unknown) => void): void
  /** Answers a web `Request`; one that is no route of the mount gets 404, or 405. */
  fetch(request: Request): Promise<Response>
  /** A typed client of a service, mounted or not: it calls where that runs. */
  client<TService extends ServiceClass>(service: TService): ServiceClient<TService>
  /** A client as well, and like the option `uses`, for a host that learns late what it uses: called before `ready()`, that starts it. */
  use<TService extends ServiceClass>(service: TService): ServiceClient<TService>
  /** Starts what runs in this process; resolves when the apis can be called. Rejects, with nothing running, when one cannot start. */
  ready(): Promise<void>
  /**
   * Tells calls that run (`ctx.draining`) that the host is about to stop, so that long streams can end. From then on each
   * HTTP/1 answer ends its connection, and says so where it has not begun: clients who keep theirs would keep the host.
   */
  beginDrain(): void
  /**
   * Calls back, once, when a drain begins: by `beginDrain()`, or as a supervisor says that this worker is about to leave. So a host's own long
   * streams can end in time. Until the returned function is called.
   */
  onDrain(listener: () => void): () => void
  /**
   * Stops what was started: after the host has answered its last request. A call that goes on for nobody is waited for,
   * by default 20 s.
   */
  close(): Promise<void>
}
