import type { Exchange } from './exchange.js'
import type { Pieces } from './http-answer.js'

/**
 * Sends piece after piece, each when the client has room for it, until there are no more or the client has left. Rejects
 * with what `pieces` throws.
 */
export async function sendPieces(exchange: Exchange, pieces: Pieces): Promise<void> {
  const { outgoing } = exchange
  for (;;) {
    const { done, value } = await pieces.next()
    if (done === true || !exchange.isWanted || outgoing.destroyed) return
    exchange.sentBytes += Buffer.byteLength(value)
    if (!outgoing.write(exchange.toWire(value))) await roomIn(exchange)
  }
}

/** Resolves when the client has taken what it was sent, or has left. */
function roomIn({ outgoing, isWanted }: Exchange): Promise<void> {
  return new Promise((resolve) => {
    if (!isWanted || outgoing.destroyed) return resolve()
    const settle = (): void => {
      outgoing.off('drain', settle)
      outgoing.off('close', settle)
      resolve()
    }
    outgoing.on('drain', settle)
    outgoing.on('close', settle)
  })
}
