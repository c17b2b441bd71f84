import type { ServeSettings } from '../config/serve-settings.js'
import { developmentProcess, warnUnusedInDevelopment } from '../config/unused-in-development.js'
import { createError } from '../errors/service-error.js'
import type { WorkerTrait } from '../ipc/worker-variables.js'
import { socketAddress } from '../net/socket-url.js'
import { createLogger } from '../observe/create-logger.js'
import type { ServePlan } from '../plan/serve-plan.js'
import { SUPERVISION_DEFAULTS } from '../plan/supervision-defaults.js'
import { AppSockets } from '../supervisor/app-sockets.js'
import { inheritance, pin } from '../supervisor/generation-planner.js'
import { httpSettings } from '../supervisor/http-settings.js'
import { createInstanceFolder, type InstanceFolder } from '../supervisor/instance-folder.js'
import type { ListenSocket } from '../supervisor/listen-socket.js'
import { openTls } from '../supervisor/open-tls.js'
import { openPublicSocket } from '../supervisor/public-socket.js'
import type { Server } from '../supervisor/server.js'
import { defaultInstanceName, serviceSource } from '../supervisor/service-source.js'
import { controlBySignals } from '../supervisor/signal-control.js'
import { holdSignals, type ReleaseSignals } from '../supervisor/signals.js'
import { Surroundings } from '../supervisor/surroundings.js'
import { WorkerFactory } from '../supervisor/worker-factory.js'
import type { TlsIdentity } from '../tls/tls-identity.js'
import { once } from '../util/once.js'
import type { WorkerHandle } from '../worker/worker-handle.js'
import { DevelopmentServer } from './development-server.js'
import { SourceWatch } from './source-watch.js'
import type { StartDevelopmentOptions } from './start-development-options.js'

/** Serves in development mode, with a process for the app that another can take the place of. */
export async function startReplaceable(settings: ServeSettings, options: StartDevelopmentOptions): Promise<Server> {
  if (process.platform === 'win32') throw createError('EKB_ERR_PLATFORM', { platform: process.platform })
  const releaseSignals = options.handleSignals ? holdSignals() : () => []
  try {
    return await startServer(settings, options, releaseSignals)
  } finally {
    releaseSignals()
  }
}

async function startServer(
  settings: ServeSettings,
  options: StartDevelopmentOptions,
  releaseSignals: ReleaseSignals,
): Promise<Server> {
  const tls = await openTls(settings)
  const folder = await createInstanceFolder({
    env: process.env,
    instance: settings.instance ?? settings.name ?? defaultInstanceName(settings),
    explicit: settings.instance !== undefined,
    pid: process.pid,
  })
  const { instance: name } = folder
  const log = createLogger({ ...settings.log, bindings: { instance: name } })
  const opened = await openPublicSocket(settings, { user: undefined, log }).catch(async (error: unknown) => {
    await folder.remove()
    throw error
  })
  const appSockets = settings.app && (opened instanceof AppSockets ? opened : new AppSockets(settings, opened))
  const socket = appSockets ?? opened
  const { handleSignals, readSettings, makePlan } = options
  const surroundings = new Surroundings({
    settings,
    folder: folder.path,
    isSteered: true,
    endsProcess: handleSignals,
    log,
  })
  await surroundings.claim().catch(async (error: unknown) => {
    socket.close()
    await folder.remove()
    throw error
  })
  const warnOnce = once(({ entry, warnings }: ServePlan): void => {
    warnUnusedInDevelopment(settings.sources, developmentProcess(settings, entry), log)
    for (const { code, message } of warnings) log.warn({ code }, message)
  })
  const server = new DevelopmentServer({
    name,
    settings,
    readSettings,
    socket,
    makePlan: async (announced, current) => {
      const plan = await makePlan(announced, current)
      warnOnce(plan)
      return plan
    },
    makeWorker: async (current, number, onLoaded) => {
      const read = await tls?.read(current)
      for (const { code, message } of read?.warnings ?? []) log.warn({ code }, message)
      // What serves metrics is there from the start, or not at all.
      const { admin } = settings
      return makeWorker({
        settings: { ...current, admin },
        number,
        onLoaded,
        folder,
        opened,
        appSockets,
        tls: read?.identity,
      })
    },
    watch: settings.reload
      ? (onChange) => new SourceWatch({ workingDir: settings.workingDir, onChange, log })
      : undefined,
    tidy: async (outcome) => {
      await surroundings.close(outcome)
      await folder.remove()
    },
    log,
  })
  if (handleSignals) controlBySignals(server, log, releaseSignals)
  surroundings.show(server.shown)
  surroundings.steer(server)
  await server.start()
  return server
}

interface WorkerParts {
  readonly settings: ServeSettings
  readonly number: number
  readonly onLoaded: (files: readonly string[]) => void
  readonly folder: InstanceFolder
  readonly opened: ListenSocket
  readonly appSockets: AppSockets | undefined
  readonly tls: TlsIdentity | undefined
}

function makeWorker({ settings, number, onLoaded, folder, opened, appSockets, tls }: WorkerParts): WorkerHandle {
  const { inspect, host, reload, supervision } = settings
  const { cors, systemRoutes, prefix, trustProxy } = settings
  const traits: WorkerTrait[] = reload ? ['inline', 'watched'] : ['inline']
  const { execArgv, ...inherited } = inheritance({ ...settings, threaded: false })
  const http = { ...httpSettings(settings, opened), cors, systemRoutes, prefix, trustProxy, development: { host } }
  const factory = new WorkerFactory({
    ...inherited,
    execArgv:
      inspect === undefined ? execArgv : [...execArgv, `--inspect=${socketAddress(inspect.host, inspect.port)}`],
    instance: folder.instance,
    generation: number,
    source: pin(serviceSource(settings)),
    // A breakpoint may hold it up.
    bootTimeoutMs: inspect === undefined ? (supervision.bootTimeoutMs ?? SUPERVISION_DEFAULTS.bootTimeoutMs) : NEVER_MS,
    ledger: folder.ledger,
    publicSocket: opened instanceof AppSockets ? undefined : { fd: opened.fd, http },
    appSockets,
    tls,
    traits,
    mode: 'development',
    onLoaded,
    socketPath: () => '',
  })
  return factory.makeFirst('announce')
}

/** As long as a timer may be. */
const NEVER_MS = 2 ** 31 - 1
