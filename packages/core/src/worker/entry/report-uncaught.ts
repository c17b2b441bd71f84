import type { SupervisorLink } from './supervisor-link.js'

const LONGEST = 500

/**
 * Tells the supervisor of the error that is about to end this process. It only looks on: what happens to the error
 * is left as it is, and where user code has a handler of its own, it is that handler's to say.
 */
export function reportUncaught(link: SupervisorLink): void {
  process.on('uncaughtExceptionMonitor', (error: unknown, origin) => {
    if (process.listenerCount('uncaughtException') > 0 || process.hasUncaughtExceptionCaptureCallback()) return
    // A pipe takes a short message at once: it is on its way before the process ends.
    void link.send({ type: 'uncaught', uncaught: { origin, error: summarise(error) } })
  })
}

function summarise(error: unknown): string {
  try {
    return String(error).slice(0, LONGEST)
  } catch {
    return 'something that has no text'
  }
}
