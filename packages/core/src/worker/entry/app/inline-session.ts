import type { CallingSession } from '../../../hosting/host-session.js'
import { lateTransport } from '../../../hosting/late-transport.js'
import { enterScope, type MountScope } from '../../../hosting/mount-scope.js'
import type { Logger } from '../../../observe/logger.js'

export interface InlineSession extends CallingSession {
  /** Stops the services that run here. */
  stop(): Promise<void>
}

/** A session for whoever works on an app: the services that it calls run in its own process. */
export function inlineSession(session: CallingSession, log: Logger): InlineSession {
  let scope: MountScope | undefined
  // That of every mount that names none: a service runs once, whoever asks for it.
  const graph = () => {
    const { slot, join } = session
    scope ??= enterScope(undefined, { log, slot, join })
    return scope.graph
  }
  return {
    ...session,
    use: (definition) => lateTransport(async () => (await graph().start(definition)).transport),
    stop: async () => scope?.release(),
  }
}
