import type { ServePlan } from './serve-plan.js'

/** What the services of one process want before they start. */
export interface InlineSettings {
  /** Variables that they declare. */
  readonly env: Readonly<Record<string, string>>
  /** Names of those whose `onDeploy` is run, in this order. */
  readonly deploys: readonly string[]
}

/** What a plan comes to where all of it runs in one process: it has one environment, in which the entry's word counts most. */
export function inlineSettings({ services }: Pick<ServePlan, 'services'>): InlineSettings {
  // The entry is the last of the plan.
  const env = Object.assign({}, ...services.map((service) => service.env)) as Record<string, string>
  return { env, deploys: services.filter(({ deploys }) => deploys).map(({ name }) => name) }
}
