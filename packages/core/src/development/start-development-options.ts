import type { ServeSettings } from '../config/serve-settings.js'
import type { ServiceGraph } from '../graph/service-graph.js'
import type { ServePlan } from '../plan/serve-plan.js'

export interface StartDevelopmentOptions {
  /** This process is ours: it ends with the server. */
  readonly handleSignals: boolean
  readonly readSettings: () => Promise<ServeSettings>
  readonly makePlan: (announced: Promise<ServiceGraph>, settings: ServeSettings) => Promise<ServePlan>
}
