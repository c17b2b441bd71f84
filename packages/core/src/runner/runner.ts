import { createError } from '../errors/service-error.js'
import type { Logger } from '../observe/logger.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { monotonicMs } from '../util/monotonic.js'
import { type ApiCall, checkedInput, isThenable, prepareApi } from './api-call.js'
import { ApiStream, iteratorOf } from './api-stream.js'
import { type CallHome, RunnerCallContext } from './call-context.js'
import type { CallRequest } from './call-request.js'
import { CallsInFlight, type RunningCall } from './calls-in-flight.js'
import { notIterableError } from './validation-error.js'

/** Runs `run` so that calls it makes know the call they belong to. */
export type InCall = <T>(request: CallRequest, run: () => T) => T

export interface RunnerOptions {
  readonly definition: ServiceDefinition
  /** The constructed service. */
  readonly instance: object
  readonly slot: number
  readonly log: Logger
  /** Left out where the service calls no other: it costs a good part of a server's throughput on Node 20. */
  readonly inCall?: InCall
}

interface OpenCall {
  readonly call: RunningCall
  readonly request: CallRequest
}

type ApiMethod = (input: unknown, context: RunnerCallContext) => unknown

/**
 * Runs the apis of the service in this process: checks the input, calls the method, checks the output.
 *
 * Makes no promise of its own where neither schema nor method does.
 */
export class Runner {
  readonly calls = new CallsInFlight()
  readonly #service: string
  readonly #instance: Record<string, ApiMethod>
  readonly #apis: ReadonlyMap<string, ApiCall>
  readonly #home: CallHome
  readonly #draining = new AbortController()
  readonly #inCall: InCall | undefined
  #idleWaiters: (() => void)[] = []

  constructor(options: RunnerOptions) {
    const { definition, instance, slot, log } = options
    const apis = Object.values(definition.apis)
    this.#service = definition.name
    this.#instance = instance as Record<string, ApiMethod>
    this.#apis = new Map(apis.map((api) => [api.name, prepareApi(definition, api)]))
    this.#home = { service: definition.name, slot, log, draining: this.#draining.signal }
    this.#inCall = options.inCall
  }

  /** Calls that run now. */
  get inFlight(): number {
    return this.calls.size
  }

  /**
   * The result of one call, or a promise of it, of a stream an `ApiStream`; throws or rejects with what the api or its
   * schemas throw.
   */
  invoke(name: string, input: unknown, request: CallRequest): unknown {
    const api = this.#apis.get(name)
    if (api === undefined) {
      throw createError('EKB_ERR_SERVICE_NOT_AN_API', {
        service: this.#service,
        method: name,
        apis: [...this.#apis.keys()],
      })
    }
    const call = this.calls.enter(name, request)
    let result: unknown
    try {
      result = this.#start(api, input, request)
    } catch (error) {
      this.#leave(call)
      throw error
    }
    if (api.isStream) return this.#openStream(api, result, { call, request })
    if (isThenable(result)) return this.#leaveAfter(result, call)
    this.#leave(call)
    return result
  }

  /** Tells the calls that run, and those to come, that this worker is about to leave. */
  beginDrain(): void {
    this.#draining.abort()
  }

  /** Resolves once no call runs. */
  whenIdle(): Promise<void> {
    if (this.calls.size === 0) return Promise.resolve()
    return new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  #start(api: ApiCall, input: unknown, request: CallRequest): unknown {
    // Before the schemas too: work nobody waits for is not begun, whatever held it up.
    this.#refuseIfLate(api, request)
    const inCall = this.#inCall
    return inCall === undefined ? this.#run(api, input, request) : inCall(request, () => this.#run(api, input, request))
  }

  #run(api: ApiCall, input: unknown, request: CallRequest): unknown {
    if (api.validateInput === undefined) return this.#call(api, input, request)
    const checked = api.validateInput(input)
    if (!isThenable(checked)) return this.#call(api, checkedInput(checked), request)
    return checked.then((result) => {
      this.#refuseIfLate(api, request)
      return this.#call(api, checkedInput(result), request)
    })
  }

  #call(api: ApiCall, input: unknown, request: CallRequest): unknown {
    const context = new RunnerCallContext(this.#home, request)
    const result = (this.#instance[api.name] as ApiMethod)(input, context)
    if (api.checkOutput === undefined || api.isStream) return result
    return isThenable(result) ? result.then(api.checkOutput) : api.checkOutput(result)
  }

  /** The call stays in flight until its last item. */
  async #openStream(api: ApiCall, result: unknown, { call, request }: OpenCall): Promise<ApiStream> {
    const inCall = this.#inCall
    try {
      const items = iteratorOf(await result)
      if (items === undefined) throw notIterableError(this.#service, api.name)
      return new ApiStream({
        items,
        check: api.checkOutput,
        inCall: inCall === undefined ? (step) => step() : (step) => inCall(request, step),
        onEnd: () => this.#leave(call),
      })
    } catch (error) {
      this.#leave(call)
      throw error
    }
  }

  /** Beside what the caller waits for: a promise in between would be another turn of the queue for each call. */
  #leaveAfter(result: PromiseLike<unknown>, call: RunningCall): Promise<unknown> {
    const settled = Promise.resolve(result)
    const leave = (): void => this.#leave(call)
    void settled.then(leave, leave)
    return settled
  }

  #leave(call: RunningCall): void {
    this.calls.leave(call)
    if (this.calls.size > 0 || this.#idleWaiters.length === 0) return
    const waiters = this.#idleWaiters
    this.#idleWaiters = []
    for (const resolve of waiters) resolve()
  }

  #refuseIfLate(api: ApiCall, request: CallRequest): void {
    const { deadlineAt } = request
    if (deadlineAt === undefined) return
    if (monotonicMs() < deadlineAt) return
    throw createError('EKB_ERR_TIMEOUT', {
      what: `${this.#service}.${api.name}, reached after its deadline,`,
      timeoutMs: 0,
    })
  }
}
