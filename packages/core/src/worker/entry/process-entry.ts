/**
 * The first file a worker process runs. A process is a worker only with our channel and the token that came with
 * it: environment variables alone never make one.
 */
import { type InitMessage, PROTOCOL_VERSION, TOKEN_VARIABLE, type WorkerRole } from '../../ipc/protocol.js'
import { surviveClosedOutput } from '../../observe/survive-closed-output.js'
import { leaveOrphaned } from './leave-orphaned.js'
import { reportUncaught } from './report-uncaught.js'
import { SupervisorLink } from './supervisor-link.js'
import { Worker } from './worker.js'

const QUICK_LEAVE_MS = 2_000
/** What a quick leave gives to work in flight; the rest is for the service's `onStop`. */
const QUICK_DRAIN_MS = 1_500
const NO_WORKER = 2

function main(): void {
  surviveClosedOutput()
  const token = process.env[TOKEN_VARIABLE]
  delete process.env[TOKEN_VARIABLE]
  if (process.send === undefined || token === undefined) refuse('it was not started by a supervisor')
  let worker: Worker | undefined
  const link = new SupervisorLink(() => void leaveOrphaned(worker))
  reportUncaught(link)
  listenForSignals(link, () => worker)
  preload(process.argv.pop() as WorkerRole)
  link.on('init', (init) => {
    if (init.token !== token) refuse('its token is not the one its supervisor gave')
    if (init.protocol !== PROTOCOL_VERSION)
      refuse(`it speaks protocol ${PROTOCOL_VERSION}, its supervisor ${init.protocol}`)
    worker = serve(init, link)
  })
}

/** The code for what it will serve, in the time until the first word comes. */
function preload(role: WorkerRole): void {
  if (role === 'entry') void import('./http-endpoint.js')
  else void import('./call-endpoint.js')
}

function serve(init: InitMessage, link: SupervisorLink): Worker {
  const worker = new Worker(init, link)
  link.on('stopping', () => worker.announceStop())
  link.on('shed', ({ connections }) => worker.shed(connections))
  link.on('drain', (message) => void worker.leave(message))
  void worker.run()
  return worker
}

/** Before any user code: an unhandled USR1 opens the inspector, HUP and INT are for the supervisor. */
function listenForSignals(link: SupervisorLink, worker: () => Worker | undefined): void {
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGWINCH'] as const) process.on(signal, () => {})
  process.on('SIGTERM', () => void link.send({ type: 'terminated' }))
  process.on('SIGQUIT', () => leaveQuickly(worker()))
}

/** Also where it is leaving already, with more time, and where what it waits for never ends. */
function leaveQuickly(worker: Worker | undefined): void {
  if (worker === undefined) process.exit(0)
  setTimeout(() => process.exit(0), QUICK_LEAVE_MS)
  void worker.leave({ timeoutMs: QUICK_DRAIN_MS, keepAliveDrainMs: 0 })
}

function refuse(reason: string): never {
  process.stderr.write(`This file runs a worker of Ekiben and cannot be used by itself: ${reason}\n`)
  process.exit(NO_WORKER)
}

main()
