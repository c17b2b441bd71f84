import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AnySchema, SchemaOption, ServiceClass } from './service-class.js'

export type { AnySchema, JsonSchema, SchemaOption, ServiceClass } from './service-class.js'

export interface TrafficOptions {
  /** Milliseconds a call may take; a stream: to its first item. Default: no limit. */
  readonly timeoutMs?: number
  /** Calls one worker runs at once; the rest wait at the caller. Default: no limit. */
  readonly maxConcurrency?: number
  /** Calls that may wait; one more is refused with 503 (429 at the edge). Default 1000. */
  readonly maxQueue?: number
}

export interface ResourceOptions {
  /** GPUs per worker; a fraction packs several workers on one. Sets `CUDA_VISIBLE_DEVICES` unless preset. */
  readonly gpu?: number
}

export interface RestartOptions {
  /** First wait before a crashed worker is replaced, in milliseconds. Default 100. */
  readonly initialMs?: number
  /** Each further wait is so many times the last. Default 2. */
  readonly factor?: number
  /** Longest wait, in milliseconds. Default 30 000. */
  readonly maxMs?: number
  /** A worker ready for so long starts counting anew, in milliseconds. Default 60 000. */
  readonly resetAfterMs?: number
  /** So many deaths within `flappingWindowMs` are flapping. Default 5. */
  readonly flappingCount?: number
  /** Default 30 000. */
  readonly flappingWindowMs?: number
}

/** How the workers of a service are watched, stopped and replaced. Times in milliseconds. */
export interface SupervisionOptions {
  /** Import, construction and `onStart` together; time held for dependencies does not count. Default 60 000. */
  readonly bootTimeoutMs?: number
  /** A worker whose event loop does not turn for so long is replaced; 0: never. Default 30 000. */
  readonly livenessTimeoutMs?: number
  /** One worker, at stop. Default 20 000. */
  readonly drainTimeoutMs?: number
  /** One worker that is replaced: it leaves when its last call has ended, at the latest after so long. Default 600 000. */
  readonly reloadDrainMs?: number
  /** Idle connections at stop. Default 1 000. */
  readonly keepAliveDrainMs?: number
  /** Readiness says no for so long before a stop begins; counts into the whole stop. Default 0. */
  readonly prestopDelayMs?: number
  /** Calls wait so long for a first ready worker before they fail with 503. Default 5 000. */
  readonly dependencyGraceMs?: number
  /** Workers beyond the target while some are replaced; 0: one ends before the next starts, as `resources.gpu` forces. Default 1. */
  readonly surge?: number
  /** A new worker must have been ready for so long before the one it replaces is drained. Default 1 000. */
  readonly minReadyMs?: number
  /** A worker is replaced after so many calls; 0: never. Default 0. */
  readonly maxRequests?: number
  /** Up to so many calls more, drawn once for each worker. Default 0. */
  readonly maxRequestsJitter?: number
  /** A worker is replaced at that age; 0: never. Default 0. */
  readonly maxAgeMs?: number
  /** A worker is replaced once it has more than so many bytes resident; 0: never. In bytes, or as `'300M'`. Default 0. */
  readonly maxRssBytes?: number | string
  readonly restart?: RestartOptions
}

/** `service` and `defineService` options that are plain data. */
export interface ServiceSettings extends SupervisionOptions {
  /** Default: the class name. A letter and up to 62 of letters, digits, `_` `.` `-`; unique ignoring case. */
  readonly name?: string
  /** Processes in the pool, or `'cpu'` for one per usable core. Default 1. */
  readonly workers?: number | 'cpu'
  /** Its workers are threads of a host process instead of processes. Default false. */
  readonly threads?: boolean
  readonly traffic?: TrafficOptions
  readonly resources?: ResourceOptions
  /** Variables for the workers; what the operating system already sets wins. */
  readonly env?: Readonly<Record<string, string>>
  /** Variables that the workers inherit, `PREFIX*` among them, beside `PATH`, `HOME` and the like. Default: all. */
  readonly envAllow?: readonly string[]
  /** Node flags for the workers, such as `--enable-source-maps`. */
  readonly nodeArgs?: readonly string[]
  /** Old-space limit of each worker, in bytes or as `'300M'`. */
  readonly maxHeapBytes?: number | string
}

export interface ApiOptions<
  TInput extends SchemaOption | undefined = undefined,
  TOutput extends SchemaOption | undefined = undefined,
> {
  /** Default `/<method>`. */
  readonly route?: string
  /** Default: any JSON. */
  readonly input?: TInput
  /** Default: any JSON. */
  readonly output?: TOutput
  /** It may run twice without harm, so a lost call is tried again. Default false. */
  readonly idempotent?: boolean
  /** It answers with a stream of items: its method returns something to iterate over. Default: true for generator methods. */
  readonly stream?: boolean
  /**
   * Content type of an answer that is text, bytes or a stream of those. Default `text/plain; charset=utf-8`, of streams and
   * Blobs without a type of their own `application/octet-stream`. `text/event-stream` and `application/x-ndjson` send a
   * stream in that form whatever the client asks for.
   */
  readonly mediaType?: string
  /** Largest body in bytes over all its parts, or as `'16M'`. Beyond it the answer is 413. Default 16 MiB. */
  readonly bodyLimit?: number | string
  readonly description?: string
  /** Callers should move to another api; said in `/docs.json`, and without effect otherwise. Default false. */
  readonly deprecated?: boolean
}

/** Options of an api whose schemas are not known to the type. */
export type AnyApiOptions = ApiOptions<SchemaOption | undefined, SchemaOption | undefined>

/** One api of a service, defaults applied. @internal */
export interface ApiDefinition {
  readonly name: string
  readonly route: string
  readonly input: AnySchema | undefined
  readonly output: AnySchema | undefined
  readonly idempotent: boolean
  readonly stream: boolean
  readonly mediaType: string | undefined
  readonly bodyLimitBytes: number | undefined
  readonly description: string | undefined
  readonly deprecated: boolean
}

/** A service that runs elsewhere. */
export interface RemoteTarget {
  /** http or https; a user and a password in it are sent as basic authorization. */
  readonly url: string
  /** Its class, where that is known here. Default: its `/schema.json` is asked what it offers. */
  readonly service?: ServiceClass
  /**
   * Headers of the request being served that are passed on. None is unless it is listed; a call from another service
   * has none.
   */
  readonly forwardHeaders?: readonly string[]
}

export type DependencyTarget = ServiceClass | (() => ServiceClass) | RemoteTarget

/** One declared edge of the graph; `target` as it was written. @internal */
export interface DependencyDefinition {
  readonly target: DependencyTarget
  readonly optional: boolean
}

/** What `dependencies` takes: a target, or `depends(target, { optional: true })`. */
export type DependencyOption = DependencyTarget | DependencyDecorator

export interface DependsOptions {
  /** The service starts without it, and its property is undefined where it is not there. Default false. */
  readonly optional?: boolean
}

/** What `depends()` returns: a decorator of a property, and a value in the option `dependencies`. */
export interface DependencyDecorator {
  (value: undefined, context: ClassFieldDecoratorContext): void
  (prototype: object, property: string | symbol): void
}

/**
 * A handler of requests as `node:http` has it: that of an Express or Connect app is one, and so is Koa's `callback()`.
 * It answers, or calls `next` to leave the request to the host; `next(error)` is answered as an error of an api is.
 */
export type RequestHandler = (
  request: IncomingMessage,
  response: ServerResponse,
  next: (error?: unknown) => void,
) => unknown

/** Makes a mounted handler, once in each worker that serves HTTP, after `onStart`. `service` is its instance. */
// biome-ignore lint/suspicious/noExplicitAny: the instance has the type of the class it stands beside
export type MountFactory<TInstance = any> = (service: TInstance) => RequestHandler | Promise<RequestHandler>

/** Options of `service()`; `defineService` has the same, with `apis` and `create` typed by its class. */
export interface ServiceOptions extends ServiceSettings {
  /** File URL or path that workers import. Default: the file that declares the service. */
  readonly module?: string
  /** Makes the instance of the service it is given, this one, in each worker. Default: `new` without arguments. */
  readonly create?: (service: ServiceClass) => unknown
  /** By property: the services this one calls. Set on the instance after construction. */
  readonly dependencies?: Readonly<Record<string, DependencyOption>>
  /** By method: what it offers to callers. */
  readonly apis?: Readonly<Record<string, AnyApiOptions>>
  /**
   * By path: request handlers of one's own beside the apis, for all methods at and below that path. Routes of apis and
   * of the host win; of several mounts the longest path does. Only where the built-in host serves this service.
   */
  readonly mount?: Readonly<Record<string, MountFactory>>
}

/** What `service()` and `defineService()` record about a class, options checked. @internal */
export interface ServiceDefinition {
  readonly name: string
  /** The user's class, as it was written. */
  readonly userClass: ServiceClass
  /** What the user holds and exports: the callable class that stands for it. */
  readonly target: ServiceClass
  readonly apis: Readonly<Record<string, ApiDefinition>>
  readonly dependencies: Readonly<Record<string, DependencyDefinition>>
  readonly settings: ServiceSettings
  /** File URL or path of the module that declares it: the option `module`, else the file that called. */
  readonly module: string | undefined
  /** Was `module` given as an option? */
  readonly moduleGiven: boolean
  readonly create: ((service: ServiceClass) => unknown) | undefined
  /** By path, without a slash at its end. */
  readonly mount: Readonly<Record<string, MountFactory>>
}
