import type { ServerResponse } from 'node:http'
import type { Pieces } from './http-answer.js'

/**
 * Sends piece after piece, each when the client has room for it, until there are no more or the client has left. Rejects
 * with what `pieces` throws.
 */
export async function sendPieces(
  outgoing: ServerResponse,
  pieces: Pieces,
  onSent: (bytes: number) => void,
): Promise<void> {
  for (;;) {
    const { done, value } = await pieces.next()
    if (done === true || outgoing.destroyed) return
    onSent(Buffer.byteLength(value))
    if (!outgoing.write(value)) await roomIn(outgoing)
  }
}

/** Resolves when the client has taken what it was sent, or has left. */
function roomIn(outgoing: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    if (outgoing.destroyed) return resolve()
    const settle = (): void => {
      outgoing.off('drain', settle)
      outgoing.off('close', settle)
      resolve()
    }
    outgoing.on('drain', settle)
    outgoing.on('close', settle)
  })
}
