import { readdir, readFile, readlink } from 'node:fs/promises'
import { basename } from 'node:path'
import { type ListeningSocket, parseProcNet } from './parse-proc-net.js'
import { parseProcUnix } from './parse-proc-unix.js'
import type { BindTarget } from './private-api.js'
import { sameAddress } from './same-address.js'

/** Who listens where `target` would: "pid 123 (node)"; undefined where the system does not tell. */
export async function findSocketOwner(target: BindTarget): Promise<string | undefined> {
  try {
    const socket = (await listeningSockets()).find((candidate) => inTheWay(candidate, target))
    if (socket === undefined) return undefined
    // The descriptors of other users' processes cannot be read; the socket's user can.
    return (await ownerOf(socket.inode)) ?? `a process of user id ${socket.uid}`
  } catch {
    return undefined
  }
}

/** The same for the path of a Unix socket. */
export async function findUnixSocketOwner(path: string): Promise<string | undefined> {
  try {
    const sockets = parseProcUnix(await readFile('/proc/net/unix', 'utf8'))
    const socket = sockets.find((candidate) => candidate.listens && candidate.path === path)
    return socket && (await ownerOf(socket.inode))
  } catch {
    return undefined
  }
}

async function listeningSockets(): Promise<ListeningSocket[]> {
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((path) => readFile(path, 'latin1').catch(() => '')),
  )
  return tables.flatMap(parseProcNet)
}

function inTheWay(socket: ListeningSocket, target: BindTarget): boolean {
  if (socket.port !== target.port) return false
  // Every interface of one family keeps the other's out too: a socket on :: takes IPv4 as well.
  return isAny(socket.address) || isAny(target.address) || sameAddress(target.address, socket.address)
}

function isAny(address: string): boolean {
  return /^[0.:]+$/.test(address)
}

async function ownerOf(inode: string): Promise<string | undefined> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    if (!(await holds(pid, `socket:[${inode}]`))) continue
    const name = await nameOf(pid)
    return name === '' ? `pid ${pid}` : `pid ${pid} (${name})`
  }
  return undefined
}

async function holds(pid: string, link: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`
  const descriptors = await readdir(folder).catch(() => [])
  const links = await Promise.all(descriptors.map((fd) => readlink(`${folder}/${fd}`).catch(() => '')))
  return links.includes(link)
}

/** The program's name, or what the process calls itself. (`comm` is cut at 15 bytes, and a thread's name in new Nodes.) */
async function nameOf(pid: string): Promise<string> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  const [first = ''] = commandLine.split('\0')
  return first.startsWith('/') ? basename(first) : first.trim()
}
