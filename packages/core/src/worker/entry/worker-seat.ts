import type { FrameSocket } from '../../call/frame-socket.js'
import type { Logger } from '../../observe/logger.js'

/** Where a worker runs, a process of its own or a thread of a host process, as far as it makes a difference to it. */
export interface WorkerSeat {
  /** Descriptor of the public socket: whoever asks listens on it at once. */
  takeSocket(): number
  /** Shows who it is to those who list processes. */
  show(identity: { readonly service: string; readonly slot: number; readonly generation: number }): void
  /** From now on it can be looked into although its event loop does not turn. */
  beginWatch(log: Logger): void
  /** A shorter way to a worker that serves calls there; undefined: there is none. */
  connect(address: string): FrameSocket | undefined
  /** It serves calls under this address; those that come by a shorter way are to be accepted too. */
  offer(address: string, accept: (socket: FrameSocket) => void): void
  /** What it holds of the machine's memory, in bytes. */
  memory(): number
}
