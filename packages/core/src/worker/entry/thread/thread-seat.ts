import { getHeapStatistics } from 'node:v8'
import { parentPort, workerData } from 'node:worker_threads'
import { type ThreadData, wrapThreadWord } from '../../../ipc/thread-protocol.js'
import type { WorkerSeat } from '../worker-seat.js'
import { Neighbours } from './neighbours.js'

export const neighbours: Neighbours = new Neighbours()

/** A thread of a host process. */
export const threadSeat: WorkerSeat = {
  takeSocket: () => {
    const { socketFd, socketTaken } = workerData as ThreadData
    // From now on it is closed with whatever listens on it here.
    Atomics.store(socketTaken, 0, 1)
    return socketFd
  },
  show: ({ service, slot }) => parentPort?.postMessage(wrapThreadWord({ type: 'named', name: `${service}#${slot}` })),
  // The host process can look into each of its threads.
  beginWatch: () => {},
  connect: neighbours.connect,
  offer: neighbours.offer,
  // Resident memory is its process's, not to be told apart by thread: what counts is what V8 has taken for this one.
  memory: () => {
    const { total_heap_size: heap, external_memory: external } = getHeapStatistics()
    return heap + external
  },
}
