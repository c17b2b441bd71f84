import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Logger } from '../observe/logger.js'
import { isThenable } from '../runner/api-call.js'
import type { Exchange } from './exchange.js'
import { type Mount, targetBelow } from './mount-table.js'

/** As Express and Connect keep it: the target before mounts took their path from it. */
interface MountedRequest extends IncomingMessage {
  originalUrl?: string
}

/**
 * What became of a request that was left to a mounted handler. `gone`: its client has left, or its answer broke off,
 * which ends the connection.
 */
export type MountOutcome =
  | { readonly is: 'answered'; readonly bytes: number }
  | { readonly is: 'declined' }
  | { readonly is: 'gone' }

/** Has a mounted handler answer; rejects with what it threw, or gave to `next`, before its answer began. */
export async function runMount(mount: Mount, exchange: Exchange, log: Logger): Promise<MountOutcome> {
  const { incoming, outgoing, requestId, policyHeaders } = exchange
  const own = ['x-request-id', requestId, ...policyHeaders]
  for (let at = 0; at < own.length; at += 2) outgoing.setHeader(own[at] as string, own[at + 1] as string)
  const before = incoming.socket.bytesWritten
  try {
    if (!(await callHandler(mount, incoming, outgoing))) {
      takeBack(outgoing)
      return { is: 'declined' }
    }
  } catch (error) {
    if (!outgoing.headersSent) {
      takeBack(outgoing)
      throw error
    }
    log.error({ err: error, requestId, route: mount.path }, 'a mounted handler failed in mid-answer')
    outgoing.destroy()
    return { is: 'gone' }
  }
  if (!outgoing.writableFinished) return { is: 'gone' }
  exchange.answered()
  return { is: 'answered', bytes: incoming.socket.bytesWritten - before }
}

/** Resolves with true when its answer is over, however it ended; with false when it hands the request back. */
function callHandler({ path, handler }: Mount, incoming: MountedRequest, outgoing: ServerResponse): Promise<boolean> {
  const target = incoming.url ?? '/'
  return new Promise((resolve, reject) => {
    outgoing.once('close', () => resolve(true))
    const next = (error?: unknown): void => {
      // By these words, which are no errors, Express leaves a router.
      const declines = error === undefined || error === null || error === 'router' || error === 'route'
      // It has answered already: what it says after that is late.
      if (outgoing.writableEnded || (declines && outgoing.headersSent)) return
      incoming.url = target
      if (declines) resolve(false)
      else reject(error)
    }
    incoming.originalUrl ??= target
    incoming.url = targetBelow(target, { path, handler })
    try {
      const returned = handler(incoming, outgoing, next)
      if (isThenable(returned)) returned.then(undefined, fail)
    } catch (error) {
      fail(error)
    }
    function fail(error: unknown): void {
      next(error ?? new Error('a mounted handler threw nothing'))
    }
  })
}

/** The headers that are set are not those of the answer that is given in its stead. */
function takeBack(outgoing: ServerResponse): void {
  for (const name of outgoing.getHeaderNames()) outgoing.removeHeader(name)
}
