import { promises as dns } from 'node:dns'
import { readFileSync, readlinkSync, statSync } from 'node:fs'
import type { ServeSettings } from '../config/serve-settings.js'
import type { PassedSockets } from '../config/service-manager.js'
import { sourceRank } from '../config/source-rank.js'
import { createError, type ServiceError } from '../errors/service-error.js'
import { parseProcUnix, type UnixSocket } from '../net/parse-proc-unix.js'
import { type BoundTcp, inspectSocket } from '../net/private-api.js'
import { sameAddress } from '../net/same-address.js'
import { socketAddress, socketUrl } from '../net/socket-url.js'
import type { Logger } from '../observe/logger.js'
import { chooseActivated, type Given, type PassedSocket, type WantedAddress } from './choose-activated.js'
import { type ListenSocket, once } from './listen-socket.js'

/** The first descriptor that a service manager passes. */
const FIRST_FD = 3

/** The kernel caps a backlog at net.core.somaxconn: this one never makes a queue shorter than it was. */
const LONGEST_BACKLOG = 2 ** 31 - 1

type AddressSettings = Pick<ServeSettings, 'host' | 'port' | 'uds' | 'udsMode' | 'backlog' | 'sources'>

const OVERRULED = 'overruled by the socket that was passed'

interface Inspected extends PassedSocket {
  /** Of a Unix socket its path; undefined: it cannot be served on. */
  readonly host: string | undefined
  readonly port: number
  readonly handle: BoundTcp['handle'] | undefined
  readonly close: () => void
}

/**
 * The public socket among those that a service manager opened and passed to this process (`LISTEN_FDS`). It is
 * listening, and lives on there when our descriptors are closed: clients wait for the next start.
 */
export async function takeActivatedSocket(
  passed: PassedSockets,
  settings: AddressSettings,
  log: Logger,
): Promise<ListenSocket> {
  const sockets = await inspectAll(passed, settings)
  const choice = chooseActivated(sockets, wantedAddress(settings))
  const listed = sockets.map(({ fd, name, shown }) => `${fd} ${name} ${shown}`)
  if ('refusal' in choice) throw refused(choice.refusal, listed)
  const socket = choice.socket as Inspected
  for (const key of choice.overrides) {
    const { source, value } = { source: settings.sources[key], value: settings[key] }
    log.warn({ setting: key, value, source, socket: socket.shown }, OVERRULED)
  }
  checkMode(socket, settings, (mode) => {
    const { udsMode: source } = settings.sources
    if (given(source) === 'here') throw refused(`--uds-mode says ${octal(settings.udsMode)}, it has ${mode}`, listed)
    log.warn({ setting: 'udsMode', value: octal(settings.udsMode), source, socket: socket.shown }, OVERRULED)
  })
  return toListenSocket(socket, given(settings.sources.backlog) === 'nowhere' ? LONGEST_BACKLOG : settings.backlog)
}

function wantedAddress({ host, port, uds, sources }: AddressSettings): WantedAddress {
  if (uds !== undefined) return { shown: uds, port: 'nowhere', host: given(sources.uds), hostOption: 'uds' }
  const shown = socketAddress(host, port)
  return { shown, port: given(sources.port), host: given(sources.host), hostOption: 'host' }
}

/** Whoever made the socket has set its mode. */
function checkMode(
  { host = '' }: Inspected,
  { udsMode, sources }: AddressSettings,
  onOther: (mode: string) => void,
): void {
  if (given(sources.udsMode) === 'nowhere' || !host.startsWith('/')) return
  const found = statSync(host, { throwIfNoEntry: false })
  if (found !== undefined && (found.mode & 0o777) !== udsMode) onOther(octal(found.mode & 0o777))
}

function octal(mode: number): string {
  return mode.toString(8).padStart(3, '0')
}

function toListenSocket({ fd, handle, host = '', port, close }: Inspected, backlog: number): ListenSocket {
  return {
    fd,
    handle,
    host,
    port,
    family: host.includes(':') ? 6 : 4,
    backlog,
    addresses: [host],
    url: socketUrl(host, port),
    close: once(close),
  }
}

async function inspectAll({ count, names }: PassedSockets, settings: AddressSettings): Promise<Inspected[]> {
  if (!/^[1-9]\d{0,3}$/.test(count)) throw refused(`LISTEN_FDS is '${count}'`, [])
  const hosts = settings.uds === undefined ? await addressesOf(settings.host) : []
  return Array.from({ length: Number(count) }, (_, at) =>
    inspect(FIRST_FD + at, names[at] || 'unknown', { ...settings, hosts }),
  )
}

interface Wanted {
  readonly port: number
  readonly uds: string | undefined
  readonly hosts: readonly string[]
}

function inspect(fd: number, name: string, wanted: Wanted): Inspected {
  const socket = inspectSocket(fd)
  const close = (): void => socket?.close()
  const nothing = {
    fd,
    name,
    handle: socket?.handle,
    host: undefined,
    port: 0,
    samePort: false,
    sameHost: false,
    close,
  }
  if (socket === undefined) return { ...nothing, shown: 'no stream socket', unusable: 'is no stream socket' }
  if (socket.kind === 'unix') {
    const unix = inspectUnix(fd)
    const isSame = wanted.uds !== undefined && wanted.uds === unix.host
    return { ...nothing, ...unix, samePort: isSame, sameHost: isSame }
  }
  const { address, port, connected } = socket
  return {
    ...nothing,
    host: address,
    port,
    shown: socketAddress(address, port),
    unusable: connected ? 'is one connection (Accept=yes); a socket that listens is needed' : undefined,
    samePort: wanted.uds === undefined && (wanted.port === 0 || wanted.port === port),
    sameHost: wanted.hosts.some((host) => meansSame(host, address)),
  }
}

/** Where the system does not tell, the socket is taken for what it should be, under the name of its descriptor. */
function inspectUnix(fd: number): Pick<Inspected, 'host' | 'shown' | 'unusable'> {
  const unknown = `/dev/fd/${fd}`
  const socket = findUnixSocket(fd)
  if (socket === undefined) return { host: unknown, shown: unknown, unusable: undefined }
  const host = socket.path || unknown
  const unusable = socket.stream && socket.listens ? undefined : 'is no stream socket that listens'
  return { host, shown: host, unusable }
}

function findUnixSocket(fd: number): UnixSocket | undefined {
  try {
    const link = readlinkSync(`/proc/self/fd/${fd}`)
    const [, inode] = /^socket:\[(\d+)\]$/.exec(link) ?? []
    if (inode === undefined) return { inode: '', path: link, listens: false, stream: false }
    // Where it is missing, it belongs to another network namespace.
    return parseProcUnix(readFileSync('/proc/net/unix', 'utf8')).find((socket) => socket.inode === inode)
  } catch {
    return undefined
  }
}

/** A name that is not known matches nothing: that it does not is then said with the sockets' own addresses. */
async function addressesOf(host: string): Promise<string[]> {
  const found = await dns.lookup(host, { all: true }).catch(() => [])
  return found.map(({ address }) => address)
}

/** A unit that names only a port gets `::`, which takes IPv4 too, where we would have said 0.0.0.0. */
function meansSame(wanted: string, bound: string): boolean {
  const isAny = (address: string): boolean => /^[0.:]+$/.test(address)
  return (isAny(wanted) && isAny(bound)) || sameAddress(wanted, bound)
}

function given(source = 'default'): Given {
  if (source === 'default') return 'nowhere'
  return sourceRank(source) >= sourceRank('variable ') ? 'here' : 'elsewhere'
}

function refused(reason: string, sockets: readonly string[]): ServiceError {
  return createError('EKB_ERR_SOCKET_ACTIVATION', { reason, sockets })
}
