/** A service and what it depends on: a node of the graph, or its plan. */
export interface Dependent {
  readonly name: string
  readonly dependencies: readonly { readonly service: string; readonly optional: boolean }[]
}

/** What a service cannot work without: all that is reached from it by edges that are not optional. Not itself. */
export function requiredServices(services: readonly Dependent[], name: string): ReadonlySet<string> {
  const found = new Set<string>()
  const visit = (dependent: string): void => {
    const { dependencies = [] } = services.find((each) => each.name === dependent) ?? {}
    for (const { service, optional } of dependencies) {
      if (optional || found.has(service)) continue
      found.add(service)
      visit(service)
    }
  }
  visit(name)
  return found
}

/** As much of a plan as says which services need which. */
export interface NeedingPlan {
  readonly entry: string
  readonly services: readonly Dependent[]
}

/** What no request can be served without: the entry service, and what it cannot work without. */
export function servicesNeeded(plan: NeedingPlan): ReadonlySet<string> {
  return new Set([plan.entry, ...requiredServices(plan.services, plan.entry)])
}
