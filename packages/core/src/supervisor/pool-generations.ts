import type { ServicePlan } from '../plan/serve-plan.js'
import type { Generation } from './generation.js'

/** The generations that workers of one service can be of. */
export class PoolGenerations {
  readonly #service: string
  readonly #known = new Map<number, Generation>()

  constructor(service: string) {
    this.#service = service
  }

  get(number: number): Generation | undefined {
    return this.#known.get(number)
  }

  /** The plan of the service in a generation; undefined: that one has no such service. */
  planOf(number: number): ServicePlan | undefined {
    return this.#known.get(number)?.plan.services.find(({ name }) => name === this.#service)
  }

  /** One that is over is forgotten: it holds on to its first workers. */
  learn(generation: Generation, isOver: (number: number) => boolean): void {
    for (const number of this.#known.keys()) if (isOver(number)) this.#known.delete(number)
    this.#known.set(generation.number, generation)
  }
}
