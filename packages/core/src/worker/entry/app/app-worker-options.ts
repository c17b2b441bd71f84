import type { SupervisorLink } from '../supervisor-link.js'
import type { AppSignals } from './app-signals.js'

export interface AppWorkerOptions {
  readonly link: SupervisorLink
  readonly signals: AppSignals
  /** The services that the app calls run in its own process. */
  readonly isInline: boolean
  /** Its public socket tells the metrics of the instance, if any route does. */
  readonly isScraped: boolean
  /** Says which files it has loaded, where anybody wants to know. */
  readonly tellLoaded: () => void
}
