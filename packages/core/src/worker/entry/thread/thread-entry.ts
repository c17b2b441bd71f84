/** The first file a worker thread runs: what process-entry.ts is to a worker with a process of its own. */

import { parentPort, workerData } from 'node:worker_threads'
import type { ThreadData } from '../../../ipc/thread-protocol.js'
import { markWorker } from '../../../util/below-supervisor.js'
import { finishOrphaned } from '../leave-orphaned.js'
import { refuseCluster } from '../refuse-cluster.js'
import { reportUncaught } from '../report-uncaught.js'
import { checkInit, leaveQuickly, preload, refuse, type SeatedWorker, serveWorker } from '../serve-worker.js'
import { SupervisorLink } from '../supervisor-link.js'
import { threadChannel } from './thread-channel.js'
import { neighbours, threadSeat } from './thread-seat.js'

function main(): void {
  const { token, role } = (workerData ?? {}) as Partial<ThreadData>
  if (parentPort === null || token === undefined || role === undefined) refuse('it was not started by a supervisor')
  let worker: SeatedWorker | undefined
  const channel = threadChannel(parentPort, (word) => {
    if (word.type === 'quit') leaveQuickly(worker)
    else if (word.type === 'neighbours') neighbours.update(word.addresses)
    else if (word.type === 'caller') neighbours.receive(word.port)
  })
  const link = new SupervisorLink(channel, () => void finishOrphaned(worker))
  reportUncaught(link)
  preload(role)
  link.on('init', (init) => {
    checkInit(init, token)
    refuseCluster()
    markWorker()
    worker = serveWorker(init, link, threadSeat)
  })
}

main()
