/** What of a service's status says how the instance is. */
export interface ServiceHealth {
  readonly name: string
  readonly state: 'ready' | 'degraded' | 'down' | 'flapping'
  readonly target: number
  readonly workers: readonly { readonly state: string }[]
}

/** Is no required service down? */
export function isHealthy(services: readonly ServiceHealth[], required: ReadonlySet<string>): boolean {
  return services.every((service) => !isDown(service) || !required.has(service.name))
}

/** One that flaps may still have a worker that is well. */
function isDown({ state, workers }: ServiceHealth): boolean {
  return state === 'down' || (state === 'flapping' && !workers.some((worker) => worker.state === 'ready'))
}

/** One line for people: `running: Front 2/2, Back 1/2`. */
export function healthLine(state: string, services: readonly ServiceHealth[]): string {
  const counts = services.map(({ name, target, workers }) => {
    return `${name} ${workers.filter((worker) => worker.state === 'ready').length}/${target}`
  })
  return counts.length === 0 ? state : `${state}: ${counts.join(', ')}`
}
