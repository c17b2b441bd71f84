import { healthLine, isHealthy, type ServiceHealth } from './instance-health.js'
import type { Notifier } from './notify.js'

/** How often the line for `systemctl status` is looked at; it is sent when it has changed. */
const LOOK_MS = 1_000

/** What a report is made from, at any moment. */
export interface ReportSource {
  status(): { readonly state: string; readonly services: readonly ServiceHealth[] }
  /** Names of the services without which no request can be served. */
  required(): ReadonlySet<string>
}

/** Tells a service manager what becomes of an instance that is ready; the function it returns ends that. */
export function reportInstance(notifier: Notifier, source: ReportSource): () => void {
  const tell = (): void => {
    const { state, services } = source.status()
    notifier.status(healthLine(state, services))
  }
  notifier.ready()
  tell()
  notifier.watch(() => isHealthy(source.status().services, source.required()))
  const timer = setInterval(tell, LOOK_MS).unref()
  return () => clearInterval(timer)
}
