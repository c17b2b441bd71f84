import type { Duplex } from 'node:stream'

/** What carries the frames of a connection: a Unix socket, or what stands for one between two threads of a process. */
export interface FrameSocket extends Duplex {
  /** The peer leaves so much unread that no more is to be sent before `drain`; undefined: what waits here says so. */
  readonly isFull?: boolean
  /** Ends it once what was written is sent. */
  destroySoon(): void
  /** It keeps the process alive no longer. */
  unref(): unknown
}
