import type { ServeSettings } from '../config/serve-settings.js'
import type { HttpSettings } from '../ipc/protocol.js'
import type { ListenSocket } from './listen-socket.js'

/** How entry workers serve on the public socket. */
export function httpSettings(settings: ServeSettings, { host, port, backlog }: ListenSocket): HttpSettings {
  const { keepAliveTimeoutMs, accessLog, admin } = settings
  return { backlog, keepAliveTimeoutMs, accessLog, metrics: admin === undefined, address: { host, port } }
}
