/** One service of the plan that is rolled out. Services come in graph order, dependencies first. */
export interface RolloutService {
  readonly name: string
  readonly workers: number
  /** Slots replaced at once; 0: one. */
  readonly surge: number
}

export interface RolloutStep {
  readonly name: string
  readonly slots: readonly number[]
}

/**
 * In which order the slots of all services are replaced. Services move in proportion: when half of the callers are of
 * the new generation, so is half of what they call, since each prefers its own. Steps of one group belong together:
 * their new workers start in the order given, dependencies first, and the old ones then leave in reverse.
 */
export function rolloutSteps(services: readonly RolloutService[]): readonly (readonly RolloutStep[])[] {
  const steps = services.flatMap((service, order) =>
    batches(service).map((slots) => ({ name: service.name, slots, order, share: shareAfter(slots, service) })),
  )
  const shares = [...new Set(steps.map(({ share }) => share))].sort((a, b) => a - b)
  return shares.map((share) =>
    steps
      .filter((step) => step.share === share)
      .sort((a, b) => a.order - b.order)
      .map(({ name, slots }) => ({ name, slots })),
  )
}

function batches({ workers, surge }: RolloutService): number[][] {
  const size = Math.max(1, surge)
  const count = Math.ceil(workers / size)
  return Array.from({ length: count }, (_, batch) =>
    Array.from({ length: Math.min(size, workers - batch * size) }, (_, place) => batch * size + place),
  )
}

function shareAfter(slots: readonly number[], { workers }: RolloutService): number {
  return ((slots.at(-1) as number) + 1) / workers
}
