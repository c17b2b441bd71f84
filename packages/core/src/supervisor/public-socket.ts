import { isKnownSocket } from '../config/app-address.js'
import type { ServeSettings } from '../config/serve-settings.js'
import type { Logger } from '../observe/logger.js'
import { AppSockets } from './app-sockets.js'
import { type ListenSocket, openListenSocket } from './listen-socket.js'
import type { WorkerUser } from './worker-user.js'

/** The public socket: the one that a service manager opened for this process, else one of our own. */
export async function openPublicSocket(
  settings: ServeSettings,
  { user, log }: { readonly user: WorkerUser | undefined; readonly log: Logger },
): Promise<ListenSocket> {
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
  const { uds: path, udsMode: mode, backlog } = settings
  if (path === undefined) return openListenSocket(settings)
  const { openUnixSocket } = await import('./unix-socket.js')
  return openUnixSocket({ path, option: '--uds', mode, backlog, owner: user })
}
