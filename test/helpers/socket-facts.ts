import { execFile } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { promisify } from 'node:util'

const LISTEN = '0A'
const TIME_WAIT = '06'

/** How many connections wait on a listening port until somebody accepts them (Linux). */
export function waitingConnections(port: number): number {
  const row = rowsOf(port).find(({ state }) => state === LISTEN)
  if (row === undefined) throw new Error(`nothing listens on port ${port}`)
  return row.received
}

/** How many connections of a port rest in TIME_WAIT, so that a plain bind would be refused (Linux). */
export function restingConnections(port: number): number {
  return rowsOf(port).filter(({ state }) => state === TIME_WAIT).length
}

interface Row {
  readonly state: string
  readonly received: number
}

function rowsOf(port: number): Row[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => readFileSync(path, 'latin1').split('\n').slice(1))
  return rows
    .map((row) => row.trim().split(/\s+/))
    .filter(([, local]) => local?.endsWith(`:${hexPort}`))
    .map(([, , , state = '', queues = '']) => ({ state, received: Number.parseInt(queues.split(':')[1] ?? '', 16) }))
}

/** The longest queue that a listening port, or the path of a Unix socket, was given; undefined: `ss` is not installed. */
export async function backlogOf(where: number | string): Promise<number | undefined> {
  const filter = typeof where === 'number' ? ['-ltnH', `sport = :${where}`] : ['-lxH', 'src', where]
  try {
    const { stdout } = await promisify(execFile)('ss', filter)
    // A Unix socket's line begins with its kind.
    return Number(
      stdout
        .trim()
        .replace(/^u_str\s+/, '')
        .split(/\s+/)[2],
    )
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}

/** The descriptors that this process has open (Linux). */
export function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length
}

/** A free port. None of those that systems give by themselves: that could be another test's before it is ours. */
export async function freePort(): Promise<number> {
  let port: number
  do port = randomInt(12_000, 32_000)
  while (!(await isFree(port)))
  return port
}

function isFree(port: number): Promise<boolean> {
  const server = createServer()
  return new Promise((resolve) => {
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

export interface Client extends Disposable {
  /** The connection stands (the kernel made it, whether or not a worker has accepted it). */
  readonly connected: Promise<void>
  /** All that came, when the other side has ended. */
  readonly answer: Promise<string>
}

/** Connects and reads to the end. Give it to `using`. */
export function openClient(host: string, port: number): Client {
  return readToEnd(connect({ host, port }))
}

/** The same on a Unix socket. */
export function openUnixClient(path: string): Client {
  return readToEnd(connect({ path }))
}

function readToEnd(socket: Socket): Client {
  let received = ''
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    received += chunk
  })
  const connected = new Promise<void>((resolve, reject) => {
    socket.once('connect', resolve).once('error', reject)
  })
  const answer = new Promise<string>((resolve, reject) => {
    socket.once('end', () => resolve(received)).once('error', reject)
  })
  // A test may look at only one of the two.
  connected.catch(() => {})
  answer.catch(() => {})
  return { connected, answer, [Symbol.dispose]: () => socket.destroy() }
}
