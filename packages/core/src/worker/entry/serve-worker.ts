import { type InitMessage, PROTOCOL_VERSION, type WorkerRole } from '../../ipc/protocol.js'
import { requireOwn } from '../../require-own.js'
import { heardLate } from './heard-late.js'
import type { InlineWorker } from './inline-worker.js'
import type { SupervisorLink } from './supervisor-link.js'
import { takeTraits } from './take-traits.js'
import { Worker } from './worker.js'
import type { WorkerSeat } from './worker-seat.js'

const QUICK_LEAVE_MS = 2_000
/** What a quick leave gives to work in flight; the rest is for the service's `onStop`. */
const QUICK_DRAIN_MS = 1_500
const NO_WORKER = 2

/** The code for what it will serve, in the time until the first word comes. */
export function preload(role: WorkerRole): void {
  if (role === 'entry') void import('./http-endpoint.js')
  else void import('./call-endpoint.js')
}

/** One of a pool, or one that serves a whole graph. */
export type SeatedWorker = Worker | InlineWorker

/** Makes the worker that the supervisor's first word asks for, and has it do what follows. */
export function serveWorker(init: InitMessage, link: SupervisorLink, seat: WorkerSeat): SeatedWorker {
  const worker = makeWorker(init, link, seat)
  link.on('stopping', () => worker.announceStop())
  link.on('shed', ({ connections }) => worker.shed(connections))
  link.on('drain', (message) => void worker.leave(heardLate(message)))
  void worker.run()
  return worker
}

/** The code for one that is not as all others is loaded where there is one. */
function makeWorker(init: InitMessage, link: SupervisorLink, seat: WorkerSeat): SeatedWorker {
  const traits = takeTraits(process.env)
  const tellLoaded = traits.has('watched')
    ? requireOwn<typeof import('./loaded-files.js')>('worker/entry/loaded-files').tellLoaded(link)
    : () => {}
  const options = { init, link, seat, tellLoaded }
  if (!traits.has('inline')) return new Worker(options)
  const { InlineWorker } = requireOwn<typeof import('./inline-worker.js')>('worker/entry/inline-worker')
  return new InlineWorker(options)
}

/** Whoever speaks to us must be the supervisor that started us. */
export function checkInit(init: InitMessage, token: string): void {
  if (init.token !== token) refuse('its token is not the one its supervisor gave')
  if (init.protocol !== PROTOCOL_VERSION) {
    refuse(`it speaks protocol ${PROTOCOL_VERSION}, its supervisor ${init.protocol}`)
  }
}

/** Also where it is leaving already, with more time, and where what it waits for never ends. */
export function leaveQuickly(worker: SeatedWorker | undefined): void {
  if (worker === undefined) process.exit(0)
  setTimeout(() => process.exit(0), QUICK_LEAVE_MS)
  void worker.leave({ timeoutMs: QUICK_DRAIN_MS, keepAliveDrainMs: 0 })
}

export function refuse(reason: string): never {
  process.stderr.write(`This file runs a worker of Ekiben and cannot be used by itself: ${reason}\n`)
  process.exit(NO_WORKER)
}
