import { Server as HttpServer } from 'node:http'
import { Server as NetServer } from 'node:net'
import { type Deferred, deferred } from '../util/deferred.js'
import { MAX_TIMER_MS } from '../util/max-timer.js'
import type { Connection, ConnectionTable } from './connection-table.js'
import { idleByNode } from './idle-by-node.js'
import { askedPath } from './route-table.js'

export interface DrainOptions {
  /** Idle connections are closed so long after the last was accepted; from `deadlineMs` on, never before it. */
  readonly keepAliveDrainMs: number
  /** Whatever is left so long after the drain began is cut. */
  readonly deadlineMs: number
}

export interface DrainEvents {
  /** No new connection is accepted from now on. */
  onWithdrawn?(): void
}

export interface DrainReport {
  /** Method, path and age of each request that was cut; answers that were given and not taken are told as such. */
  readonly cut: readonly string[]
}

/** Clients that never stop connecting do not hold the drain up for longer, nor for more than half of its time. */
const MAX_ACCEPT_MS = 1_000
/** So many turns of the event loop they get of it at least: a process that stood still has taken nobody meanwhile. */
const LEAST_ACCEPT_TURNS = 10
/** How often connections are looked at once the idle window is over. */
const IDLE_CHECK_MS = 100

/**
 * Takes a server out of service without losing a request.
 *
 *   accept until the backlog is empty, then close the listening socket, and nothing else
 *   ──▶ answer what comes on open connections, each answer with `Connection: close` (the host does that)
 *   ──▶ `keepAliveDrainMs` later close those that are idle  ──▶ at the deadline cut the rest
 *
 * Closing idle connections at once would reset those on which a request is on its way.
 */
export class HostDrain {
  readonly #server: NetServer
  readonly #connections: ConnectionTable
  readonly #cut: string[] = []
  readonly #done: Deferred<void> = deferred()
  #options: DrainOptions = { keepAliveDrainMs: Number.POSITIVE_INFINITY, deadlineMs: Number.POSITIVE_INFINITY }
  #hasWithdrawn = false
  #idleTimer: NodeJS.Timeout | undefined
  #deadlineTimer: NodeJS.Timeout | undefined

  constructor(server: NetServer, connections: ConnectionTable) {
    this.#server = server
    this.#connections = connections
  }

  async run(options: DrainOptions, { onWithdrawn }: DrainEvents = {}): Promise<DrainReport> {
    this.hurry(options)
    await this.#acceptBacklog(Math.min(MAX_ACCEPT_MS, options.deadlineMs / 2))
    stopAccepting(this.#server)
    this.#hasWithdrawn = true
    this.#awaitIdle()
    onWithdrawn?.()
    this.#connections.onEmpty(this.#done.resolve)
    await this.#done.promise
    clearTimeout(this.#idleTimer)
    clearTimeout(this.#deadlineTimer)
    // Of Node's own close() only the end of its timers is left to do.
    if (this.#server instanceof HttpServer) HttpServer.prototype.close.call(this.#server)
    return { cut: this.#cut }
  }

  /** Sets the times anew, counted from now: a second signal wants it quicker. */
  hurry(options: DrainOptions): void {
    this.#options = options
    if (this.#hasWithdrawn) this.#awaitIdle()
    clearTimeout(this.#deadlineTimer)
    this.#deadlineTimer = setTimeout(this.#cutAll, Math.min(options.deadlineMs, MAX_TIMER_MS))
  }

  /** Not while it accepts: who has just connected seems idle, and its request is on its way. */
  #awaitIdle(): void {
    const { keepAliveDrainMs, deadlineMs } = this.#options
    clearTimeout(this.#idleTimer)
    if (keepAliveDrainMs < deadlineMs) this.#idleTimer = setTimeout(this.#beginClosingIdle, keepAliveDrainMs)
  }

  /** Each turn of the event loop polls the listening socket: two that accepted nothing, and its queue is empty. */
  async #acceptBacklog(limitMs: number): Promise<void> {
    let accepted = this.#connections.accepted
    let leftMs = limitMs
    for (let quietTurns = 0; quietTurns < 2 && leftMs > 0; quietTurns++) {
      const from = performance.now()
      await new Promise((resolve) => setImmediate(resolve))
      leftMs -= Math.min(performance.now() - from, limitMs / LEAST_ACCEPT_TURNS)
      if (this.#connections.accepted === accepted) continue
      accepted = this.#connections.accepted
      quietTurns = -1
    }
  }

  readonly #beginClosingIdle = (): void => {
    this.#closeIdleSoon()
    // Those whose answer is still being read, or whose request is half here, become idle later.
    this.#idleTimer = setInterval(this.#closeIdleSoon, IDLE_CHECK_MS)
  }

  /** A turn later: what lies unread in a socket while the loop was busy is a request, not silence. */
  readonly #closeIdleSoon = (): void => {
    setImmediate(() => {
      this.#settleIdle()
      this.#connections.endIdle()
    })
  }

  /** A body may have come after its request was answered: only Node knows that what came is no half of a next one. */
  #settleIdle(): void {
    const sockets = Array.from(this.#connections, ({ socket }) => socket)
    for (const socket of idleByNode(this.#server, sockets)) this.#connections.of(socket).settle()
  }

  readonly #cutAll = (): void => {
    stopAccepting(this.#server)
    this.#settleIdle()
    for (const connection of this.#connections) this.#cut.push(...describeCut(connection))
    this.#connections.destroy()
  }
}

/** Closes the listening socket and nothing else: http.Server's own `close` ends idle connections too. */
export function stopAccepting(server: NetServer): void {
  NetServer.prototype.close.call(server)
}

function describeCut(connection: Connection): string[] {
  const { requests, untaken, isUpgraded } = connection
  if (isUpgraded) return ['a connection that was taken over (upgraded)']
  if (requests.length + untaken.length === 0 && !connection.isIdle) {
    return ['a request that was not yet received as a whole']
  }
  const open = requests.map(
    ({ incoming, ageMs }) => `${incoming.method} ${askedPath(incoming)} after ${Math.round(ageMs)} ms`,
  )
  return [...open, ...untaken]
}
