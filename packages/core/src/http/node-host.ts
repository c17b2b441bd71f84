import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Http2ServerRequest } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import { createError } from '../errors/service-error.js'
import type { CountTable } from '../metrics/count-table.js'
import type { Logger } from '../observe/logger.js'
import { DEFAULT_MAX_QUEUE } from '../plan/supervision-defaults.js'
import { isThenable } from '../runner/api-call.js'
import { logBindings } from '../runner/call-context.js'
import type { CallHandler } from '../runner/call-request.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { HandshakeFailures } from '../tls/handshake-failures.js'
import type { TlsIdentity } from '../tls/tls-identity.js'
import { AnswerBatch } from './answer-batch.js'
import { answerRaw, toRequestError } from './client-error.js'
import { Connection, ConnectionTable } from './connection-table.js'
import { answerPreflight, type CorsPolicy, corsHeaders, PREFLIGHT } from './cors.js'
import { Dispatcher } from './dispatch.js'
import type { EdgeSettings } from './edge-settings.js'
import { endIdleLater } from './end-idle-later.js'
import { Exchange, type ExchangeOptions, type ExchangeOwner } from './exchange.js'
import { refuseForeignOrigin } from './foreign-origin.js'
import { forwardedFields, forwardedReader } from './forwarded.js'
import { Gate, throughGate } from './gate.js'
import { type DrainEvents, type DrainOptions, type DrainReport, HostDrain, stopAccepting } from './host-drain.js'
import type { HttpAnswer } from './http-answer.js'
import { type ListenTarget, listen } from './listen.js'
import { type Mount, matchMount } from './mount-table.js'
import { isStreamed, type Streamed } from './open-stream.js'
import { isMultipart, type ReadInput } from './parse-input.js'
import { parseTimeLeft, TIME_LEFT_HEADER } from './parse-time-left.js'
import { checkBodyHead, checkHost, collectBody, takeBody } from './read-body.js'
import { receiveFiles } from './receive-files.js'
import { DEFAULT_RECEIVE, type ReceiveLimits } from './receive-limits.js'
import { RequestFiles } from './request-files.js'
import { acceptRequestId, createRequestIds } from './request-id.js'
import { type ApiRoute, pathOf } from './route-table.js'
import { runMount } from './run-mount.js'
import { sendStream } from './send-stream.js'
import { SpoolFolder } from './spool-folder.js'
import { isProbe } from './system-routes.js'

export interface NodeHostOptions extends Omit<EdgeSettings, 'prefix'> {
  readonly definition: ServiceDefinition
  readonly handler: CallHandler
  readonly log: Logger
  readonly accessLog: boolean
  readonly keepAliveTimeoutMs: number
  /** A call may take so long; undefined: for ever. */
  readonly timeoutMs: number | undefined
  /** Calls that run at once. Default: no limit. */
  readonly maxConcurrency?: number | undefined
  /** Calls that wait for one of those places. Default 1000. */
  readonly maxQueue?: number | undefined
  /** Said by `/readyz`, also while the host drains: it may merely be replaced by another. */
  readonly isReady: () => boolean
  /** Where its requests are counted. */
  readonly counts?: CountTable | undefined
  /** What `/metrics` answers; undefined: there is no such route. */
  readonly metrics?: (() => Promise<string>) | undefined
  /** Files of one request that stay in memory, in bytes together; the others go to disk. Default 256 KiB. */
  readonly fileMemoryBytes?: number
  /** Which pages of other origins may call; undefined: none is told that it may. */
  readonly cors?: CorsPolicy | undefined
  /** Request handlers of the user's, for what is no route of ours. */
  readonly mounts?: readonly Mount[] | undefined
  /** What its connections are encrypted with; undefined: they are not. */
  readonly tls?: TlsIdentity | undefined
  /** Where handshakes that failed are counted. */
  readonly handshakes?: CountTable | undefined
  /** How long a request may take to arrive. Node's defaults: 60 s for its head, 300 s in all. */
  readonly receive?: ReceiveLimits
}

const NEXT_TURN = Promise.resolve()
/** Requests that mean no route of ours are counted as one: their paths are whatever clients think of. */
const NO_ROUTE = '(unknown)'

/** Serves one service over HTTP: the built-in host. */
export class NodeHost implements ExchangeOwner {
  readonly #options: NodeHostOptions
  readonly #server: Server
  readonly #connections = new ConnectionTable((socket) => new Connection(socket))
  readonly #dispatcher: Dispatcher
  readonly #gate: Gate | undefined
  readonly #spool = new SpoolFolder()
  readonly #readForwarded: ReturnType<typeof forwardedReader> | undefined
  readonly #nextRequestId = createRequestIds()
  readonly #batch = new AnswerBatch()
  #state: 'serving' | 'discouraging' | 'draining' | 'closed' = 'serving'
  /** Connections whose clients are still to be told to connect anew. */
  #toShed = 0
  #drain: { readonly steps: HostDrain; readonly report: Promise<DrainReport> } | undefined

  constructor(options: NodeHostOptions) {
    const { definition, maxConcurrency, maxQueue = DEFAULT_MAX_QUEUE } = options
    this.#options = options
    this.#readForwarded = options.trustProxy && forwardedReader(options.trustProxy)
    this.#dispatcher = new Dispatcher({ ...options, showsStacks: options.development !== undefined })
    if (maxConcurrency !== undefined) this.#gate = new Gate({ service: definition.name, maxConcurrency, maxQueue })
    this.#server = this.#createServer(options.receive ?? DEFAULT_RECEIVE)
  }

  /** Listens on an inherited descriptor, or on an address; resolves with where it really listens on TCP. */
  async listen(target: ListenTarget): Promise<AddressInfo | undefined> {
    const { tls } = this.#options
    if (tls !== undefined) await this.#encrypt(tls)
    const address = await listen(this.#server, target)
    this.#spool.clearDead().catch((err: unknown) => this.#options.log.warn({ err }, 'could not clear old uploads'))
    return address
  }

  /** Serves on as before, but each answer tells its client to connect anew: elsewhere, behind a load balancer. */
  discourage(): void {
    if (this.#state === 'serving') this.#state = 'discouraging'
  }

  /** Clients may stay connected again. */
  encourage(): void {
    if (this.#state === 'discouraging') this.#state = 'serving'
  }

  get connections(): number {
    return this.#connections.size
  }

  /** Has the clients of so many connections, each when it next asks, connect anew: other processes have fewer. */
  shed(connections: number): void {
    this.#toShed = connections
  }

  /** Takes no new connection, answers what it has, then ends; cuts what is left at the deadline, and says what. */
  drain(options: DrainOptions, events: DrainEvents = {}): Promise<DrainReport> {
    if (this.#drain === undefined) {
      this.#state = 'draining'
      for (const connection of this.#connections) connection.takeNoMore()
      const steps = new HostDrain(this.#server, this.#connections)
      this.#drain = { steps, report: steps.run(options, events).finally(() => this.#spool.remove()) }
    } else {
      this.#drain.steps.hurry(options)
    }
    return this.#drain.report
  }

  /** Ends at once, cutting every connection. */
  async close(): Promise<void> {
    this.#state = 'closed'
    stopAccepting(this.#server)
    this.#connections.destroy()
    await new Promise<void>((resolve) => this.#connections.onEmpty(resolve))
    this.#server.close()
    await this.#spool.remove()
  }

  /** @internal */
  onCut(exchange: Exchange, reason: unknown): void {
    this.#gate?.forget(exchange, reason)
    if (exchange.state === 'left') this.#record(exchange, 499, exchange.sentBytes)
  }

  #createServer({ headersTimeoutMs, requestTimeoutMs, checkIntervalMs }: ReceiveLimits): Server {
    const server = createServer({
      keepAliveTimeout: this.#options.keepAliveTimeoutMs,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: checkIntervalMs,
      // Checked below: Node's own answer has neither body nor request id.
      requireHostHeader: false,
    })
    server.on('connection', this.#connections.add)
    endIdleLater(server, this.#connections)
    server.on('request', (incoming, outgoing) => this.#onRequest(incoming, outgoing, false))
    server.on('checkContinue', (incoming, outgoing) => this.#onRequest(incoming, outgoing, true))
    // An expectation that is not known may be ignored (RFC 9110, 10.1.1).
    server.on('checkExpectation', (incoming, outgoing) => this.#onRequest(incoming, outgoing, false))
    server.on('clientError', (error, socket) => this.#onClientError(error, socket as Socket))
    server.on('connect', (incoming, socket) => {
      const { method = '', url = '' } = incoming
      const params = { method, path: url, allow: 'POST' }
      const error = createError('EKB_ERR_METHOD_NOT_ALLOWED', params, { detail: { allow: ['POST'] } })
      answerRaw(this.#connections.of(socket as Socket), error, this.#nextRequestId())
    })
    // Out of descriptors, say: one connection is lost, not the process.
    server.once('listening', () => {
      server.on('error', (err) => this.#options.log.error({ err }, `HTTP server: ${err.message}`))
    })
    return server
  }

  /** Loaded only where it is wanted. A mounted handler is of the user's, and hardly one for HTTP/2. */
  async #encrypt(identity: TlsIdentity): Promise<void> {
    const { keepAliveTimeoutMs, mounts = [], receive, log, handshakes } = this.#options
    const [{ encryptHost }, { StreamExchange }] = await Promise.all([
      import('./encrypt-host.js'),
      import('./stream-exchange.js'),
    ])
    const { requestTimeoutMs } = receive ?? DEFAULT_RECEIVE
    encryptHost(this.#server, {
      identity,
      handshakeTimeoutMs: receive?.handshakeTimeoutMs,
      failures: new HandshakeFailures(log, handshakes),
      connections: this.#connections,
      keepAliveTimeoutMs,
      offersHttp2: mounts.length === 0,
      onStream: (incoming, outgoing, expectsContinue) => {
        const exchange = new StreamExchange(incoming, outgoing, this.#exchangeOptions(incoming))
        exchange.limitArrival(requestTimeoutMs, this.#onSlow)
        this.#begin(exchange, expectsContinue)
      },
    })
  }

  #onRequest(incoming: IncomingMessage, outgoing: ServerResponse, expectsContinue: boolean): void {
    const connection = this.#connections.of(incoming.socket)
    // Its answer could not be sent any more: a client must ask again elsewhere (RFC 9112, 9.6).
    if (connection.isClosing) return
    this.#begin(new Exchange(incoming, outgoing, this.#exchangeOptions(incoming)), expectsContinue)
  }

  #exchangeOptions({ headers, socket }: IncomingMessage | Http2ServerRequest): ExchangeOptions {
    const requestId = acceptRequestId(headers['x-request-id']) ?? this.#nextRequestId()
    const connection = this.#connections.of(socket as Socket)
    return { owner: this, connection, requestId, readForwarded: this.#readForwarded }
  }

  #begin(exchange: Exchange, expectsContinue: boolean): void {
    const { connection } = exchange
    if (this.#toShed > 0 && !connection.isShed) {
      this.#toShed--
      connection.isShed = true
    }
    connection.begin(exchange)
    void this.#serve(exchange, expectsContinue)
  }

  /** Never rejects. */
  async #serve(exchange: Exchange, expectsContinue: boolean): Promise<void> {
    try {
      const { incoming, outgoing } = exchange
      const { development, cors, tls } = this.#options
      const scheme = tls === undefined ? 'http' : 'https'
      checkHost(incoming)
      if (development !== undefined) refuseForeignOrigin(incoming.headers, { ...development, cors, scheme })
      if (this.#answersPreflight(exchange)) return
      const mount = this.#mountFor(incoming)
      if (mount !== undefined) {
        if (expectsContinue) outgoing.writeContinue()
        if (await this.#leaveTo(mount, exchange)) return
      }
      const route = this.#dispatcher.match(incoming.method as string, incoming.url as string)
      exchange.route = route.path
      if (route.type === 'system') {
        const answer = this.#dispatcher.system(route.path)
        this.#answer(exchange, isThenable(answer) ? await answer : answer)
        return
      }
      exchange.api = route.api.name
      checkBodyHead(incoming, route.bodyLimitBytes)
      if (expectsContinue) outgoing.writeContinue()
      // By then the parser has handed over what the packet held: nearly always the whole body.
      await NEXT_TURN
      // While the host drains, a request waits for those behind it in the packet: only the last answer says close.
      const isParts = isMultipart(route.input, incoming.headers['content-type'])
      const taken = !this.#isLast(exchange) && !isParts ? takeBody(incoming) : undefined
      const body = taken ?? (await this.#receive(exchange, route, isParts))
      exchange.arrived()
      // Over HTTP/2 what was cut off ends as if it were whole.
      if (!exchange.isWanted) return
      const result = this.#call(exchange, route, body)
      const value = isThenable(result) ? await result : result
      if (isStreamed(value)) return await this.#stream(exchange, route, value)
      const answer = this.#dispatcher.answer(route, value, exchange)
      if (exchange.isKept && !this.#isLast(exchange)) await new Promise<void>((resolve) => this.#batch.add(resolve))
      this.#answer(exchange, answer)
    } catch (error) {
      this.#fail(exchange, error)
    }
  }

  /** Takes its connection no request after this one? */
  #isLast({ connection }: Exchange): boolean {
    return this.#state !== 'serving' || connection.isShed
  }

  #receive(exchange: Exchange, route: ApiRoute, isParts: boolean): Promise<Uint8Array | ReadInput> {
    if (!isParts && route.input !== 'binary') return collectBody(exchange.incoming, route)
    const files = new RequestFiles(this.#spool, this.#options.fileMemoryBytes)
    exchange.files = files
    const { incoming: stream, headers } = exchange
    return receiveFiles({ stream, contentType: headers['content-type'] }, route, files)
  }

  async #stream(exchange: Exchange, route: ApiRoute, value: Streamed): Promise<void> {
    const answer = await this.#dispatcher.open(route, value, exchange)
    if (answer === undefined) return
    const refuse = (error: unknown): HttpAnswer => this.#dispatcher.refuse(error, exchange)
    const status = await sendStream(exchange, answer, { isLast: this.#isLast(exchange), refuse })
    if (status !== undefined) this.#record(exchange, status, exchange.sentBytes)
  }

  /** Also adds to the answer, whatever it will be, what the policy for other origins says. */
  #answersPreflight(exchange: Exchange): boolean {
    const { cors } = this.#options
    if (cors === undefined) return false
    exchange.policyHeaders = corsHeaders(cors, exchange.incoming)
    const answer = answerPreflight(cors, exchange.incoming)
    if (answer === undefined) return false
    exchange.route = PREFLIGHT
    this.#answer(exchange, answer)
    return true
  }

  /** The mount that a request falls to: none where a route of ours means exactly it. */
  #mountFor({ method = '', url = '' }: IncomingMessage): Mount | undefined {
    const { mounts = [] } = this.#options
    if (mounts.length === 0 || this.#dispatcher.has(method, url)) return undefined
    return matchMount(mounts, pathOf(url))
  }

  /** False: the mounted handler wants none of it. */
  async #leaveTo(mount: Mount, exchange: Exchange): Promise<boolean> {
    exchange.route = mount.path
    exchange.settleConnection(this.#isLast(exchange))
    const outcome = await runMount(mount, exchange, this.#options.log)
    if (outcome.is === 'answered') this.#record(exchange, exchange.outgoing.statusCode, outcome.bytes)
    if (outcome.is !== 'declined') return true
    exchange.route = undefined
    return false
  }

  #call(exchange: Exchange, route: ApiRoute, body: Uint8Array | ReadInput): unknown {
    const timeoutMs = parseTimeLeft(exchange.headers[TIME_LEFT_HEADER], this.#options.timeoutMs)
    if (timeoutMs !== undefined) exchange.limit(timeoutMs, this.#onExpired)
    if (this.#gate === undefined) return this.#dispatcher.call(route, body, exchange)
    return throughGate(this.#gate, exchange, () => this.#dispatcher.call(route, body, exchange))
  }

  readonly #onSlow = (exchange: Exchange): void => this.#fail(exchange, createError('EKB_ERR_HTTP_SLOW_REQUEST', {}))

  readonly #onExpired = (exchange: Exchange): void => {
    const { route, limitMs } = exchange
    const error = createError('EKB_ERR_TIMEOUT', { what: route ?? 'The request', timeoutMs: limitMs })
    this.#answer(exchange, this.#dispatcher.refuse(error, exchange))
    exchange.cut(error)
  }

  #fail(exchange: Exchange, error: unknown): void {
    if (exchange.state === 'open') {
      this.#answer(exchange, this.#dispatcher.refuse(error, exchange))
    } else {
      this.#options.log.debug({ err: error, requestId: exchange.requestId }, 'A call ended after its answer')
    }
  }

  #answer(exchange: Exchange, answer: HttpAnswer): void {
    if (exchange.state !== 'open') return
    const bytes = exchange.answer(answer, this.#isLast(exchange))
    this.#record(exchange, answer.statusCode, bytes)
  }

  /** Counts and logs a request that has ended. */
  #record(exchange: Exchange, status: number, bytes: number): void {
    const { counts, accessLog } = this.#options
    const { api, route } = exchange
    if ((counts === undefined && !accessLog) || (api === undefined && isProbe(route))) return
    const { ageMs } = exchange
    counts?.add(api ?? route ?? NO_ROUTE, status, ageMs)
    if (accessLog) this.#logAccess(exchange, { status, ms: Math.round(ageMs * 10) / 10, bytes })
  }

  #logAccess(exchange: Exchange, outcome: { status: number; ms: number; bytes: number }): void {
    const { route, incoming, state } = exchange
    const client = exchange.forwarded && forwardedFields(exchange.forwarded)
    const fields = { method: incoming.method, route: route ?? null, ...outcome, ...client, ...logBindings(exchange) }
    this.#options.log.info(state === 'left' ? { ...fields, aborted: true } : fields, 'request')
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Socket): void {
    const connection = this.#connections.of(socket)
    const refusal = toRequestError(error)
    if (refusal === undefined) {
      socket.destroy()
      return
    }
    // Node tells again with each packet that follows.
    if (connection.isClosing) return
    connection.isClosing = true
    const receiving = connection.requests.find(({ incoming }) => !incoming.complete)
    if (receiving !== undefined) {
      this.#fail(receiving as Exchange, refusal)
      // Answered before its body was there: Node would not tell who reads that, and it would be read for ever.
      socket.once('close', () => receiving.incoming.destroy())
    } else if (connection.requests.length === 0) {
      answerRaw(connection, refusal, this.#nextRequestId())
    } else {
      // Requests before it are answered first.
      ;(connection.latest as Exchange).endConnection()
    }
  }
}
