import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { encodeError } from '../errors/error-codec.js'
import { createError, isServiceError } from '../errors/service-error.js'
import { listenPrivately } from '../net/listen-privately.js'
import { type FileIdentity, fileIdentity, takeAway } from '../net/socket-path.js'
import type { Logger } from '../observe/logger.js'
import type { InstanceStatus } from '../supervisor/instance-status.js'
import type { Server, ServerClosed } from '../supervisor/server.js'
import { deferred } from '../util/deferred.js'
import { VERSION } from '../util/version.js'
import {
  CONTROL_PROTOCOL,
  CONTROL_SOCKET,
  type DumpAnswer,
  PROTOCOL_HEADER,
  type RefusedAnswer,
  type StopAnswer,
  VERSION_HEADER,
} from './control-protocol.js'
import { metricsReply } from './metrics-reply.js'
import { parseOneWorker, parseScaleRequest, parseWorkerTarget } from './parse-steering.js'
import { jsonReply, type Reply, type Route, SmallServer } from './small-server.js'

/** What is steered: an instance, as its own code steers it. A hook that is missing answers that it is not available. */
export interface ControlTarget extends Pick<Server, 'reload' | 'scale' | 'restart' | 'stop'> {
  readonly askStatus: () => Promise<InstanceStatus>
  readonly dump?: ((service: string, slot: number) => Promise<DumpAnswer>) | undefined
  readonly metrics?: (() => Promise<string>) | undefined
}

export interface ControlServerOptions {
  /** The instance's folder: private to this user. */
  readonly folder: string
  readonly target: ControlTarget
  /** The process ends with the instance. */
  readonly endsProcess: boolean
  readonly log: Logger
}

/** A socket file that somebody removed is back within so long. */
const LOOK_INTERVAL_MS = 1_000
/** Who has connected when the instance ends gets so long to ask and to take its answer. */
const CLOSE_GRACE_MS = 500

/** Steers an instance through a Unix socket in its folder (docs/operating.md). */
export class ControlServer {
  readonly #options: ControlServerOptions
  readonly #path: string
  readonly #ended = deferred<ServerClosed>()
  /** The last is the one that listens; earlier ones lost their file and answer what they were asked. */
  readonly #servers: SmallServer[] = []
  #timer: NodeJS.Timeout | undefined
  #identity: FileIdentity | undefined
  #opening: Promise<void> | undefined
  #failure: string | undefined

  constructor(options: ControlServerOptions) {
    this.#options = options
    this.#path = join(options.folder, CONTROL_SOCKET)
  }

  /** Never rejects: an instance that cannot be steered serves on, and this goes on trying. */
  async open(): Promise<void> {
    this.#timer = setInterval(() => this.#look(), LOOK_INTERVAL_MS).unref()
    this.#look()
    await this.#opening
  }

  /** Answers whoever waits for the end, and leaves nothing behind. */
  async close(outcome: ServerClosed): Promise<void> {
    clearInterval(this.#timer)
    await this.#opening
    if (this.#identity !== undefined) takeAway(this.#path, this.#identity)
    this.#ended.resolve(outcome)
    await Promise.all(this.#servers.map((server) => server.close(CLOSE_GRACE_MS)))
  }

  /** The file is looked at, not watched: a watch costs an inotify instance, of which a user has few. */
  #look(): void {
    if (this.#opening !== undefined || this.#isThere()) return
    this.#opening = this.#listen()
      .catch((error: Error) => this.#noteFailure(error))
      .finally(() => {
        this.#opening = undefined
      })
  }

  #isThere(): boolean {
    return this.#identity !== undefined && fileIdentity(this.#path) === this.#identity
  }

  async #listen(): Promise<void> {
    const again = this.#servers.length > 0
    const small = new SmallServer({
      routes: this.#routes(),
      admit: refuseSkew,
      refuse,
      headers: { [PROTOCOL_HEADER]: CONTROL_PROTOCOL, [VERSION_HEADER]: VERSION },
    })
    small.server.on('error', (error) => this.#noteFailure(error))
    this.#identity = await listenPrivately(small.server, this.#path)
    this.#failure = undefined
    this.#servers.at(-1)?.retire()
    this.#servers.push(small)
    if (again) this.#options.log.warn({ path: this.#path }, 'the control socket was gone; made it anew')
  }

  /** Said once, not every second. */
  #noteFailure({ message }: Error): void {
    if (message === this.#failure) return
    this.#failure = message
    this.#options.log.error({ path: this.#path, reason: message }, 'cannot open the control socket; trying again')
  }

  #routes(): Record<string, Route> {
    const { target } = this.#options
    return {
      '/status': { method: 'GET', answer: async () => jsonReply(await target.askStatus()) },
      '/metrics': { method: 'GET', answer: () => metricsReply(target.metrics?.bind(target)) },
      '/reload': this.#steer('reload', () => target.reload()),
      '/scale': this.#steer('scale', (body) => {
        const { service, workers } = parseScaleRequest(body)
        return target.scale(service, workers)
      }),
      '/restart': this.#steer('restart', (body) => {
        const { service, slot } = parseWorkerTarget(body)
        return target.restart(service, slot)
      }),
      '/dump': this.#steer('dump', (body) => {
        const { service, slot } = parseOneWorker(body)
        if (target.dump === undefined) throw createError('EKB_ERR_NOT_IN_THIS_VERSION', { what: 'dump' })
        return target.dump(service, slot)
      }),
      '/stop': { method: 'POST', answer: () => this.#stop() },
    }
  }

  /** What waits for an outcome is told when the instance ends first. */
  #steer(command: string, run: (body: unknown) => Promise<unknown>): Route {
    const cut = this.#ended.promise.then(() => {
      throw createError('EKB_ERR_INSTANCE_STOPPED', { command })
    })
    cut.catch(() => {})
    return {
      method: 'POST',
      answer: async (body) => {
        this.#options.log.info({ command, asked: body }, 'steered')
        return jsonReply((await Promise.race([run(body), cut])) ?? {})
      },
    }
  }

  async #stop(): Promise<Reply> {
    const { target, log, endsProcess } = this.#options
    log.info({ command: 'stop' }, 'steered')
    target.stop().catch(() => undefined)
    const { exitCode, forced } = await this.#ended.promise
    return jsonReply({ exitCode, forced, endsProcess } satisfies StopAnswer)
  }
}

/** Makes the control server of an instance. */
export async function openControlServer(options: ControlServerOptions): Promise<ControlServer> {
  const control = new ControlServer(options)
  await control.open()
  return control
}

function refuseSkew({ headers }: IncomingMessage): void {
  const protocol = headers[PROTOCOL_HEADER]
  if (protocol === undefined || protocol === CONTROL_PROTOCOL) return
  throw createError('EKB_ERR_CONTROL_SKEW', {
    commandVersion: String(headers[VERSION_HEADER] ?? 'unknown'),
    commandProtocol: String(protocol),
    instanceVersion: VERSION,
    instanceProtocol: CONTROL_PROTOCOL,
  })
}

function refuse(error: unknown): Reply {
  const statusCode = isServiceError(error) ? error.statusCode : 500
  return jsonReply({ error: encodeError(error) } satisfies RefusedAnswer, statusCode)
}
