import { realpathSync } from 'node:fs'
import type { CallTransport } from '../call/service-client.js'
import { decodeError, encodeError } from '../errors/error-codec.js'
import type { InitMessage, MainSource, PoolsMessage, StartMessage } from '../ipc/protocol.js'
import type { CountTable } from '../metrics/count-table.js'
import type { Logger } from '../observe/logger.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import type { Server } from '../supervisor/server.js'
import type { LocalEntry } from '../supervisor/start-serving.js'
import { deferred } from '../util/deferred.js'
import { once } from '../util/once.js'
import { oneAtATime } from '../util/one-at-a-time.js'
import { AppPools } from '../worker/entry/app/app-pools.js'
import { CountReporter } from '../worker/entry/count-reporter.js'
import { loadOwn } from './load-own.js'
import { LocalLink } from './local-link.js'

/** It has no heartbeat: its counts are asked for. */
const SILENT = { accompany: () => {}, beat: () => {} }

/**
 * The pools of a process that has no supervisor above it and supervises them itself. To its supervisor it is a worker
 * like any other, the only one that calls pools and is none.
 *
 *   use ──▶ connect (`ready()`, or the first call) ──▶ announced ──▶ pools are ready ──▶ called ──▶ stop
 */
export class OwnPools {
  readonly slot = 0
  readonly requests: CountTable
  readonly #log: Logger
  readonly #isOnlyWorker: boolean
  readonly #link = new LocalLink()
  readonly #begun = deferred<InitMessage>()
  readonly #reporter = new CountReporter(this.#link, SILENT)
  readonly #pools: AppPools
  #server: Promise<Server> | undefined
  /** Rejects when there can be no pool of something that was asked for late. */
  #refused = deferred<never>()

  constructor(log: Logger, { isOnlyWorker }: Pick<LocalEntry, 'isOnlyWorker'>) {
    this.#log = log
    this.#isOnlyWorker = isOnlyWorker
    this.requests = this.#reporter.counts.requests
    const announce = oneAtATime(() => this.#announce())
    this.#pools = new AppPools({
      connect: () => this.#connect(),
      announce: () => void announce().catch(this.#refuse),
      onUse: () => {},
      counts: this.#reporter.counts,
    })
    this.#link.on('init', this.#begun.resolve)
    this.#link.on('pools', this.#extend)
    this.#link.on('snapshot', ({ snapshot }) => this.#pools.update(snapshot))
    this.#link.on('drain', () => void this.#leave())
  }

  use(definition: ServiceDefinition): CallTransport {
    return this.#pools.use(definition)
  }

  /** Resolves when all pools that were asked for by now can be called. */
  async connect(): Promise<void> {
    await this.#connect()
    await Promise.race([this.#pools.whenJoined(), this.#refused.promise])
  }

  /** Ends all of them; resolves when nothing is left. */
  async stop(): Promise<void> {
    const server = await this.#server?.catch(() => undefined)
    await server?.stop()
    this.#pools.end()
  }

  /** Each pool can be called. */
  get complete(): boolean {
    return this.#pools.complete
  }

  metrics(): Promise<string> {
    return this.#reporter.scrape()
  }

  readonly #connect = once(async (): Promise<StartMessage> => {
    const { supervisePools } = loadOwn<typeof import('./supervise-pools.js')>('supervise-pools')
    const local = { worker: this.#link, log: this.#log, isOnlyWorker: this.#isOnlyWorker }
    this.#server = supervisePools({ main: process.argv[1] ?? '', ...local })
    // Where the start fails there comes no word to go on.
    const failed = this.#server.then(() => new Promise<never>(() => {}))
    const init = await Promise.race([this.#begun.promise, failed])
    await this.#announce().catch(async (error: unknown) => {
      void this.#link.send({ type: 'boot-failed', stage: 'load', error: encodeError(error) })
      await this.stop()
      throw error
    })
    void this.#link.send({ type: 'held' })
    const start = await Promise.race([this.#link.next('start'), failed])
    this.#pools.connect(start, { identity: init.identity, log: this.#log })
    void this.#link.send({ type: 'ready', address: '' })
    await this.#server
    return start
  })

  readonly #refuse = (error: unknown): void => {
    this.#extend({ type: 'pools', pools: {}, isWhole: false, error: encodeError(error) })
  }

  readonly #extend = (message: PoolsMessage): void => {
    this.#pools.extend(message)
    if (message.error === undefined) return
    const { promise, reject } = this.#refused
    promise.catch(() => {})
    this.#refused = deferred()
    reject(decodeError(message.error))
  }

  async #announce(): Promise<void> {
    const { main, name } = (await this.#begun.promise).source as MainSource
    const located = { file: realpathSync(main), exportName: undefined }
    const graph = this.#pools.graph(name)
    await this.#link.send({ type: 'announced', graph, located, modules: this.#pools.modules(located.file) })
  }

  async #leave(): Promise<void> {
    await this.#reporter.report()
    this.#link.leave()
  }
}
