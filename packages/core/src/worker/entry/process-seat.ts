import { PUBLIC_SOCKET_FD } from '../../ipc/protocol.js'
import { startWatchThread } from './watch-thread.js'
import type { WorkerSeat } from './worker-seat.js'

/** A process of its own. */
export const processSeat: WorkerSeat = {
  takeSocket: () => PUBLIC_SOCKET_FD,
  show: ({ service, slot, generation }) => {
    process.title = `ekiben: ${service}#${slot} g${generation}`
  },
  beginWatch: startWatchThread,
  connect: () => undefined,
  offer: () => {},
  memory: () => process.memoryUsage.rss(),
}
