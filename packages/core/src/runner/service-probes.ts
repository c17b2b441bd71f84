import type { Logger } from '../observe/logger.js'
import { monotonicMs } from '../util/monotonic.js'
import { Probe } from './probe.js'
import type { ServiceInstance } from './service-instance.js'

/** What a service says of itself, asked at each heartbeat: `isReady()` and `isAlive()`. */
export class ServiceProbes {
  readonly #ready: Probe
  readonly #alive: Probe

  constructor(instance: ServiceInstance, log: Logger) {
    const common = { now: monotonicMs, log }
    this.#ready = new Probe({ ...common, name: 'isReady()', initially: false, ask: methodOf(instance, 'isReady') })
    this.#alive = new Probe({ ...common, name: 'isAlive()', initially: true, ask: methodOf(instance, 'isAlive') })
  }

  get ready(): boolean {
    return this.#ready.answer
  }

  get alive(): boolean {
    return this.#alive.answer
  }

  readonly ask = (): void => {
    this.#ready.ask()
    this.#alive.ask()
  }

  /** Resolves once the service has said that it is ready. */
  whenReady(): Promise<void> {
    this.#ready.ask()
    return this.#ready.whenTrue()
  }
}

function methodOf(instance: ServiceInstance, name: 'isReady' | 'isAlive'): (() => unknown) | undefined {
  return typeof instance[name] === 'function' ? () => instance[name]?.() : undefined
}
