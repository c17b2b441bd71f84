import type { ServeSettings } from '../config/serve-settings.js'
import type { Logger } from '../observe/logger.js'
import { AppSockets, isKnownSocket } from './app-sockets.js'
import { type ListenSocket, openListenSocket } from './listen-socket.js'

/** The public socket: the one that a service manager opened for this process, else one of our own. */
export async function openPublicSocket(settings: ServeSettings, log: Logger): Promise<ListenSocket> {
  const { sockets } = settings.serviceManager
  if (sockets?.forUs === true) {
    const { takeActivatedSocket } = await import('./activated-socket.js')
    return takeActivatedSocket(sockets, settings, log)
  }
  if (sockets !== undefined) {
    // As under npm or a shell, which the manager has started instead.
    log.warn({ sockets: sockets.count }, 'sockets were passed to another process (LISTEN_PID): they are not used')
  }
  if (settings.app !== undefined && !isKnownSocket(settings)) return new AppSockets(settings)
  return openListenSocket(settings)
}
