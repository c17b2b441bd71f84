import { realpathSync } from 'node:fs'
import type { Server } from 'node:net'
import type { AppReady } from '../../../config/app-ready.js'
import { encodeError } from '../../../errors/error-codec.js'
import { createError } from '../../../errors/service-error.js'
import { offerAppHost } from '../../../hosting/app-host.js'
import { type CallingSession, inThisProcess, openHostSession } from '../../../hosting/host-session.js'
import { LocalServices } from '../../../hosting/local-services.js'
import type { BootStage, InitMessage, MainSource, StartMessage } from '../../../ipc/protocol.js'
import { isSocketPath, socketUrl } from '../../../net/socket-url.js'
import { createLogger } from '../../../observe/create-logger.js'
import { lateLogger } from '../../../observe/late-logger.js'
import type { Logger } from '../../../observe/logger.js'
import { encryptableServer } from '../../../tls/encryptable-server.js'
import { HandshakeFailures } from '../../../tls/handshake-failures.js'
import { type Deferred, deferred } from '../../../util/deferred.js'
import { once } from '../../../util/once.js'
import { oneAtATime } from '../../../util/one-at-a-time.js'
import { chooseCallLimit } from '../choose-call-limit.js'
import { CountReporter } from '../count-reporter.js'
import { offerDiagnosis } from '../diagnosis.js'
import { Heartbeat } from '../heartbeat.js'
import type { SupervisorLink } from '../supervisor-link.js'
import { VitalSigns } from '../vitals.js'
import { watchDescriptors } from '../watch-descriptors.js'
import { startWatchThread } from '../watch-thread.js'
import { AppEnding } from './app-ending.js'
import { AppPools } from './app-pools.js'
import { AppPorts } from './app-ports.js'
import { AppRequests } from './app-requests.js'
import type { AppEncryption } from './app-server.js'
import { AppServers } from './app-servers.js'
import type { AppWorkerOptions } from './app-worker-options.js'
import type { Farewell } from './drain-options.js'
import { inlineSession } from './inline-session.js'
import { type Listening, replaceListen, sayAddress } from './replace-listen.js'
import { SocketRequests } from './socket-requests.js'

const QUICK_LEAVE_MS = 2_000
/** What a quick leave gives to work in flight; the rest is for what the app does at SIGTERM. */
const QUICK_DRAIN_MS = 1_500
const WATCH_THREAD_DELAY_MS = 200

/**
 * The life of a worker that runs a host app. Node runs the app's main file by itself; this looks on, and steps in where
 * the app listens: it is held there until it may serve, and gets the public socket then.
 *
 *   main file ──▶ asks to listen (or calls a pool) ──▶ held ──▶ pools are ready ──▶ standby? ──▶ listens ──▶ ready ──▶ drain
 */
export class AppWorker {
  /** Callers are clients on the public socket. */
  readonly callers = undefined
  readonly #link: SupervisorLink
  readonly #tellLoaded: () => void
  readonly #heartbeat: Heartbeat
  readonly #begun: Deferred<InitMessage> = deferred<InitMessage>()
  /** What is logged before it is known how waits for that. */
  readonly #log: Logger = lateLogger(this.#begun.promise.then(toLogger))
  readonly #requests = new AppRequests()
  readonly #servers = new AppServers(this.#requests)
  readonly #sockets: SocketRequests
  readonly #pools: AppPools
  readonly #reporter: CountReporter
  readonly #local = new LocalServices(this.#log)
  readonly #holds: Promise<void>[] = []
  readonly #onDrain = new Set<() => void>()
  readonly #ending: AppEnding
  readonly #announceMore = oneAtATime(async () => this.#announce(await this.#begun.promise))
  #stage: BootStage = 'load'
  #isBuilding = false
  #isConnecting = false
  #isNoted = false
  /** Where its clients come; empty until it listens. */
  #address = ''
  /** It has been ready because it listened. */
  #hasListened = false
  #stopping = false

  constructor({ link, signals, isInline, isScraped, tellLoaded }: AppWorkerOptions) {
    this.#tellLoaded = tellLoaded
    this.#link = link
    this.#sockets = new SocketRequests(link)
    const vitals = new VitalSigns({
      calls: () => this.#requests,
      connections: () => this.#servers.connections,
      probes: () => this.#answers,
    })
    this.#heartbeat = new Heartbeat(link, vitals)
    this.#reporter = new CountReporter(link, this.#heartbeat)
    this.#pools = new AppPools({
      connect: () => this.#connect(),
      announce: () => void this.#announceMore().catch(this.#fail),
      onUse: this.#noteUse,
      counts: this.#reporter.counts,
    })
    this.#ending = new AppEnding({
      signals,
      servers: this.#servers,
      services: this.#local,
      pools: this.#pools,
      reporter: this.#reporter,
      link,
    })
    const session = isInline ? this.#inlineSession() : this.#session(isScraped)
    const ports = new AppPorts()
    openHostSession(isInline ? inThisProcess(session) : session)
    offerAppHost({
      session,
      told: this.#begun.promise,
      port: ports.told,
      beginBuild: () => {
        this.#isBuilding = true
        this.#pools.allowMain()
        // However little is left to do, the app is waited for.
        process.channel?.ref()
        return this.#enter('build')
      },
      endBuild: () => {
        this.#isBuilding = false
      },
      announce: () => void this.#connect().catch(this.#fail),
      fail: this.#fail,
      onEnd: (close) => void this.#ending.add(close),
      include: (registry) => this.#reporter.include(registry),
    })
    replaceListen({
      isPublic: ({ port }) => ports.isPublic(port),
      openPublic: (listening) => this.#openPublic(listening),
      openShared: (listening) => {
        ports.noteOther(listening.target.port, (error) => void this.#fail(error))
        return this.#openShared(listening)
      },
      onOwn: (server) => ports.noteFree(() => void this.#warnOfFreePort(server)),
    })
    offerDiagnosis(this.#requests)
  }

  /** An app that has nothing to do, and listens nowhere, ends as it would without us. */
  watch(): void {
    process.channel?.unref()
    void this.#readyBy('start')
    const send = process.send as (...args: unknown[]) => boolean
    process.send = ((...args: unknown[]): boolean => {
      if (args[0] === 'ready') void this.#readyBy('message')
      return send.apply(process, args)
    }) as NonNullable<typeof process.send>
  }

  /** The supervisor's first word. */
  begin(init: InitMessage): void {
    this.#heartbeat.start(init.heartbeatMs)
    // An inspector may stop it before the first is due.
    this.#heartbeat.beat()
    const { service, slot, generation } = init.identity
    process.title = `ekiben: ${service}#${slot} g${generation}`
    this.#link.on('pools', (message) => this.#pools.extend(message))
    this.#link.on('snapshot', ({ snapshot }) => this.#pools.update(snapshot))
    this.#begun.resolve(init)
  }

  announceStop(): void {
    this.#stopping = true
    this.#servers.discourage()
  }

  shed(connections: number): void {
    this.#servers.shed(connections)
  }

  /** Also where it is leaving already, with more time, and where what it waits for never ends. */
  leaveQuickly(): void {
    setTimeout(() => process.exit(0), QUICK_LEAVE_MS)
    void this.leave({ timeoutMs: QUICK_DRAIN_MS, keepAliveDrainMs: 0 })
  }

  /** Answers what is in flight, has the app end as it would at SIGTERM, and ends the process. */
  leave(how: Farewell): Promise<void> {
    if (!this.#ending.hasBegun) {
      if (how.keepAliveDrainMs !== null) this.#stopping = true
      for (const listener of this.#onDrain) listener()
    }
    return this.#ending.run(how)
  }

  /** Announces what the app calls, and waits until that is ready. */
  readonly #connect = once(async (): Promise<StartMessage> => {
    this.#isConnecting = true
    process.channel?.ref()
    const init = await this.#begun.promise
    if (init.mode === 'serve') this.#pools.graph((init.source as MainSource).name)
    else await this.#announce(init)
    await this.#enter('held')
    void this.#link.send({ type: 'held' })
    const start = await this.#link.next('start')
    await this.#enter(this.#isBuilding ? 'build' : 'start')
    this.#requests.setLimit(chooseCallLimit(start.recycling, Math.random()), this.#heartbeat.beat)
    this.#pools.connect(start, { identity: init.identity, log: this.#log })
    return start
  })

  /** What is asked for while the app is built gets its pool then: once for all that is asked for at one moment. */
  readonly #noteUse = (): void => {
    if (!this.#isBuilding || this.#isNoted) return
    this.#isNoted = true
    setImmediate(() => {
      this.#isNoted = false
      void this.#startPools().catch(this.#fail)
    })
  }

  async #startPools(): Promise<void> {
    if (!this.#isConnecting) {
      await this.#connect()
      return
    }
    const { mode } = await this.#begun.promise
    // The first worker tells of them for all.
    if (mode === 'announce') await this.#announceMore()
  }

  async #announce({ source }: InitMessage): Promise<void> {
    const { main, name } = source as MainSource
    const located = { file: realpathSync(main), exportName: undefined }
    const graph = this.#pools.graph(name)
    await this.#link.send({ type: 'announced', graph, located, modules: this.#pools.modules(located.file) })
  }

  /** Resolves when the app may serve. */
  readonly #admit = once(async (): Promise<InitMessage> => {
    this.#isBuilding = false
    this.#pools.seal()
    const init = await this.#begun.promise
    const start = await this.#connect()
    await Promise.all(this.#holds)
    this.#heartbeat.precede(() => this.#local.ask())
    await this.#local.whenReady()
    this.#heartbeat.beat()
    await this.#pools.whenReady()
    await this.#enter('listen')
    if (start.standby) {
      void this.#link.send({ type: 'standby' })
      await this.#link.next('admit')
    }
    return init
  })

  async #openPublic({ server, target, listen }: Listening): Promise<void> {
    process.channel?.ref()
    try {
      const isBuilding = this.#isBuilding
      const init = await this.#begun.promise
      // One that only looks whether the port is free is no proof that the app can serve. What it does with a connection
      // may be said after `listen`, as Node allows.
      const isBare = this.#servers.isBare(server)
      // It would serve, and what is returned in the end might be another.
      if (isBuilding && !isBare) throw createError('EKB_ERR_BOOTSTRAP_LISTENING', { what: 'The app' })
      const { slotSocket } = init
      const encryption = isBare ? undefined : this.#encryption(init)
      // Before anybody waits for its pools.
      if (encryption !== undefined) encryptableServer(server)
      // A dry run binds nothing; what the app calls is known by now.
      if (init.mode === 'describe') return void (await this.#admit())
      const { where, address, backlog } = await this.#sockets.givePublic(init, target)
      if (!isBare) await this.#admit()
      const served = this.#servers.open(server, { isPublic: true, encryption })
      if (slotSocket !== undefined) await served.listenBeside(await this.#sockets.giveSlot(), slotSocket.backlog)
      server.once('listening', () => this.#onListening(server, socketUrl(address.host, address.port)))
      // A descriptor does not tell its path, and frameworks take no address at all for a server that does not listen.
      if (isSocketPath(address.host)) sayAddress(server, () => address.host)
      listen(where, backlog)
    } catch (error) {
      await this.#fail(error)
    }
  }

  #encryption({ tls: identity }: InitMessage): AppEncryption | undefined {
    if (identity === undefined) return undefined
    return { identity, failures: new HandshakeFailures(this.#log, this.#reporter.counts.handshakes) }
  }

  /** At once: an app may wait for it before it listens for its clients. */
  async #openShared({ server, target, isFurther, listen }: Listening): Promise<void> {
    process.channel?.ref()
    const { mode } = await this.#begun.promise
    if (mode === 'describe') return void server.emit('listening')
    const { where, backlog } = await this.#sockets.ask({ ...target, which: isFurther ? 'further' : undefined })
    this.#servers.open(server, { isPublic: false })
    listen(where, backlog)
  }

  /** It is waited for until its boot has timed out: it may be about to open the port of its clients. */
  async #warnOfFreePort(server: Server): Promise<void> {
    const { source } = await this.#begun.promise
    const address = server.address()
    if ((source as MainSource).ready !== 'listen' || address === null || typeof address === 'string') return
    this.#log.warn({ port: address.port }, 'the app listens on a free port alone: its clients need that of PORT')
  }

  readonly #fail = async (error: unknown): Promise<void> => {
    // Before its first word the supervisor takes no answer.
    await this.#begun.promise
    this.#tellLoaded()
    await this.#link.send({ type: 'boot-failed', stage: this.#stage, error: encodeError(error) })
  }

  #onListening(server: Server, address: string): void {
    this.#address = address
    void this.#begun.promise.then(({ source }) => {
      const { keepAliveTimeoutMs } = source as MainSource
      if (keepAliveTimeoutMs !== undefined && 'keepAliveTimeout' in server) server.keepAliveTimeout = keepAliveTimeoutMs
    })
    // A turn later: one that only looks whether the port is free is closed by then.
    setImmediate(() => this.#servers.isPublic && void this.#readyBy('listen'))
  }

  /** What its services say, and whether its clients find it. */
  get #answers(): { readonly ready: boolean; readonly alive: boolean } {
    const { ready, alive } = this.#local.answers
    const isGone = this.#hasListened && !this.#ending.hasBegun && !this.#servers.isPublic
    return { ready: ready && !isGone, alive }
  }

  /** An app that says itself when it is ready, or never listens, is held as the others are until it may serve. */
  async #readyBy(when: AppReady): Promise<void> {
    const { source } = await this.#begun.promise
    if ((source as MainSource).ready !== when) return
    try {
      await this.#admit()
      this.#hasListened = when === 'listen'
      this.#beReady(this.#address)
    } catch (error) {
      await this.#fail(error)
    }
  }

  readonly #beReady = once((address: string): void => {
    this.#tellLoaded()
    void this.#link.send({ type: 'ready', address })
    watchDescriptors(this.#log)
    setTimeout(() => startWatchThread(this.#log), WATCH_THREAD_DELAY_MS).unref()
  })

  #session(isScraped: boolean): CallingSession {
    return {
      slot: Number(process.env.EKIBEN_SLOT ?? 0),
      requests: this.#reporter.counts.requests,
      use: (definition) => this.#pools.use(definition),
      hold: (until) => {
        // What fails is told by whoever waits for it, and by the boot.
        until.catch(() => {})
        this.#holds.push(until)
      },
      join: this.#local.join,
      isReady: () => !this.#stopping && this.#pools.complete && this.#local.answers.ready,
      metrics: isScraped ? () => this.#reporter.scrape() : undefined,
      onDrain: (listener) => {
        this.#onDrain.add(listener)
        return () => void this.#onDrain.delete(listener)
      },
    }
  }

  #inlineSession(): CallingSession {
    const session = inlineSession(this.#session(false), this.#log)
    this.#ending.add(() => session.stop())
    return session
  }

  async #enter(stage: BootStage): Promise<void> {
    this.#stage = stage
    await this.#link.send({ type: 'stage', stage })
  }
}

function toLogger({ log, identity }: InitMessage): Logger {
  return createLogger({ ...log, bindings: identity })
}
