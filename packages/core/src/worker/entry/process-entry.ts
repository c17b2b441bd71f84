/**
 * The first file a worker process runs. A process is a worker only with our channel and the token that came with
 * it: environment variables alone never make one.
 */
import type { WorkerRole } from '../../ipc/protocol.js'
import { TOKEN_VARIABLE } from '../../ipc/worker-variables.js'
import { surviveClosedOutput } from '../../observe/survive-closed-output.js'
import { markWorker } from '../../util/below-supervisor.js'
import { hideInspector } from './hide-inspector.js'
import { keepYoung } from './keep-young.js'
import { leaveOrphaned } from './leave-orphaned.js'
import { processSeat } from './process-seat.js'
import { refuseCluster } from './refuse-cluster.js'
import { reportUncaught } from './report-uncaught.js'
import { checkInit, leaveQuickly, preload, refuse, type SeatedWorker, serveWorker } from './serve-worker.js'
import { processChannel } from './supervisor-channel.js'
import { SupervisorLink } from './supervisor-link.js'
import { warmNextTick } from './warm-next-tick.js'

function main(): void {
  keepYoung()
  warmNextTick()
  surviveClosedOutput()
  const token = process.env[TOKEN_VARIABLE]
  delete process.env[TOKEN_VARIABLE]
  if (process.send === undefined || token === undefined) refuse('it was not started by a supervisor')
  hideInspector()
  refuseCluster()
  markWorker()
  let worker: SeatedWorker | undefined
  const link = new SupervisorLink(processChannel, () => void leaveOrphaned(worker))
  reportUncaught(link)
  listenForSignals(link, () => worker)
  preload(process.argv.pop() as WorkerRole)
  link.on('init', (init) => {
    checkInit(init, token)
    worker = serveWorker(init, link, processSeat)
  })
}

/** Before any user code: an unhandled USR1 opens the inspector, HUP and INT are for the supervisor. */
function listenForSignals(link: SupervisorLink, worker: () => SeatedWorker | undefined): void {
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const) process.on(signal, () => {})
  process.on('SIGTERM', () => void link.send({ type: 'terminated' }))
  process.on('SIGQUIT', () => leaveQuickly(worker()))
}

main()
