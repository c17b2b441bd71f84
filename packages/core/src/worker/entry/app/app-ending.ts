import { setImmediate as turn } from 'node:timers/promises'
import { limitLastCalls, ON_STOP_MS } from '../../../hosting/last-calls.js'
import type { LocalServices } from '../../../hosting/local-services.js'
import { endOwnPools } from '../../../hosting/own-session.js'
import { flushLogs } from '../../../observe/create-logger.js'
import { deferred } from '../../../util/deferred.js'
import { MovingDeadline } from '../../../util/moving-deadline.js'
import type { CountReporter } from '../count-reporter.js'
import type { SupervisorLink } from '../supervisor-link.js'
import type { AppPools } from './app-pools.js'
import type { AppServers } from './app-servers.js'
import type { AppSignals } from './app-signals.js'
import type { Farewell } from './drain-options.js'

/** What the app does at SIGTERM may be a call to a pool, whose connection does not keep the process alive by then. */
const LOOK_AGAIN_MS = 20

export interface AppEndingParts {
  readonly signals: AppSignals
  readonly servers: AppServers
  readonly services: LocalServices
  readonly pools: AppPools
  readonly reporter: CountReporter
  readonly link: SupervisorLink
}

/**
 * The end of an app: what is in flight is answered, the app is closed, it does what it does at SIGTERM, its services
 * stop, and the process ends. All of it may take until one deadline; what is cut there is told.
 */
export class AppEnding {
  readonly #parts: AppEndingParts
  readonly #closers: (() => unknown)[] = []
  readonly #deadline = new MovingDeadline()
  readonly #cut: string[] = []
  #running: Promise<void> | undefined

  constructor(parts: AppEndingParts) {
    this.#parts = parts
  }

  /** What closes the app, once its connections have drained. */
  add(close: () => unknown): void {
    this.#closers.push(close)
  }

  get hasBegun(): boolean {
    return this.#running !== undefined
  }

  /** Again: with other times, from now. */
  run(how: Farewell): Promise<void> {
    this.#deadline.set(how.timeoutMs)
    limitLastCalls(how.timeoutMs - ON_STOP_MS)
    if (this.hasBegun) this.#parts.servers.hurry(how)
    this.#running ??= this.#run(how)
    return this.#running
  }

  async #run(how: Farewell): Promise<void> {
    const { link, servers, services, pools, reporter } = this.#parts
    await this.#tellCut(await servers.drain(how, () => void link.send({ type: 'withdrawn' })))
    // An app may end the process itself, as it is closed or at its SIGTERM.
    await reporter.report()
    await reporter.reportApp()
    await this.#limit(this.#close(), 'the close of the app')
    await reporter.report()
    await this.#limit(this.#deliver(), 'what the app does at SIGTERM')
    await this.#limit(services.stop().then(endOwnPools), 'the end of its services')
    pools.end()
    await reporter.report()
    await flushLogs()
    process.exit(0)
  }

  /** Until the work is done or its time is over. */
  async #limit(work: Promise<unknown>, what: string): Promise<void> {
    const done = work.then(() => true)
    // What takes no time is not cut, however late it is.
    await turn()
    if (!(await Promise.race([done, this.#deadline.passed]))) await this.#tellCut([what])
  }

  /** At once: the app may end the process itself in what follows. */
  async #tellCut(what: readonly string[]): Promise<void> {
    if (what.length === 0) return
    this.#cut.push(...what)
    await this.#parts.link.send({ type: 'cut', what: this.#cut })
  }

  async #close(): Promise<void> {
    for (const close of this.#closers) {
      try {
        await close()
      } catch (error) {
        tellFailure('to close', error)
      }
    }
  }

  /** It may end the process itself. */
  async #deliver(): Promise<void> {
    const { signals, pools } = this.#parts
    const raised = raise(signals)
    if (raised === undefined) return
    const ended = deferred()
    // Each time that nothing else keeps the process alive.
    process.on('beforeExit', () => {
      if (pools.areWaitedFor) setTimeout(() => {}, LOOK_AGAIN_MS)
      else ended.resolve()
    })
    // Only what is the app's own keeps the process alive now.
    process.channel?.unref()
    this.#deadline.unref()
    pools.unref()
    await Promise.race([ended.promise, raised])
  }
}

/** What stops with the app stops also where this fails. */
function raise(signals: AppSignals): Promise<void> | undefined {
  try {
    return signals.deliver()
  } catch (error) {
    tellFailure('at SIGTERM', error)
    return undefined
  }
}

function tellFailure(where: string, error: unknown): void {
  process.stderr.write(`the app failed ${where}: ${error instanceof Error ? error.stack : String(error)}\n`)
}
