/**
 * What a worker that runs a host app has before the app: loaded by `--require`, so that Node itself then runs the app's
 * main file, as if nobody had been there. A process is a worker only with our channel and the token that came with it.
 */
import { isMainThread } from 'node:worker_threads'
import { PROTOCOL_VERSION } from '../../../ipc/protocol.js'
import { TOKEN_VARIABLE } from '../../../ipc/worker-variables.js'
import { surviveClosedOutput } from '../../../observe/survive-closed-output.js'
import { markWorker } from '../../../util/below-supervisor.js'
import { heardLate } from '../heard-late.js'
import { hideInspector } from '../hide-inspector.js'
import { keepYoung } from '../keep-young.js'
import { leaveOrphaned } from '../leave-orphaned.js'
import { tellLoaded } from '../loaded-files.js'
import { refuseCluster } from '../refuse-cluster.js'
import { reportUncaught } from '../report-uncaught.js'
import { processChannel } from '../supervisor-channel.js'
import { SupervisorLink } from '../supervisor-link.js'
import { takeTraits } from '../take-traits.js'
import { warmNextTick } from '../warm-next-tick.js'
import { AppSignals } from './app-signals.js'
import { AppWorker } from './app-worker.js'
import { hidePreload } from './hide-preload.js'

const NO_WORKER = 2

function main(): void {
  keepYoung()
  warmNextTick()
  surviveClosedOutput()
  const token = process.env[TOKEN_VARIABLE]
  delete process.env[TOKEN_VARIABLE]
  if (process.send === undefined || token === undefined) refuse('it was not started by a supervisor')
  const traits = takeTraits(process.env)
  hidePreload()
  hideInspector()
  refuseCluster()
  markWorker()
  const link = new SupervisorLink(processChannel, () => void leaveOrphaned(worker))
  reportUncaught(link)
  const signals = new AppSignals({
    onTerminate: () => void link.send({ type: 'terminated' }),
    onQuit: () => worker.leaveQuickly(),
  })
  const worker = new AppWorker({
    link,
    signals,
    isInline: traits.has('inline'),
    isScraped: !traits.has('admin'),
    tellLoaded: traits.has('watched') ? tellLoaded(link) : () => {},
  })
  link.on('init', (init) => {
    if (init.token !== token) refuse('its token is not the one its supervisor gave')
    if (init.protocol !== PROTOCOL_VERSION)
      refuse(`it speaks protocol ${PROTOCOL_VERSION}, its supervisor ${init.protocol}`)
    worker.begin(init)
  })
  link.on('stopping', () => worker.announceStop())
  link.on('shed', ({ connections }) => worker.shed(connections))
  link.on('drain', (message) => void worker.leave(heardLate(message)))
  worker.watch()
}

function refuse(reason: string): never {
  process.stderr.write(`This file runs a worker of Ekiben and cannot be used by itself: ${reason}\n`)
  process.exit(NO_WORKER)
}

// A thread of the app's takes over the flags of its process, also those that are hidden there.
if (isMainThread) main()
else hidePreload()
