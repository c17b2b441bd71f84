import { Socket } from 'node:net'
import { hasWholeRequest } from '../net/private-api.js'

/**
 * Has a connection that ends with its answer be closed in one step. Node says first that nothing more is sent
 * (shutdown(2)), hears of that a turn of the loop later, and only then closes; to its client both look alike. Where the
 * client still sends a request, Node's way is kept: closing on what is unread breaks off what the client has yet to read.
 */
export function closeInOneStep(socket: Socket): void {
  // Node calls it when the last answer of a connection has been given.
  socket.destroySoon = destroySoon
}

function destroySoon(this: Socket): void {
  this._final = final
  Socket.prototype.destroySoon.call(this)
}

/** All that was written is the system's by then. */
function final(this: Socket, done: (error?: Error | null) => void): void {
  if (hasWholeRequest(this)) done()
  else Socket.prototype._final.call(this, done)
}
