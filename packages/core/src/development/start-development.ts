import type { ServeSettings } from '../config/serve-settings.js'
import { createLogger } from '../observe/create-logger.js'
import { inlineSettings } from '../plan/inline-settings.js'
import { requireOwn } from '../require-own.js'
import { definitionOf } from '../service/registry.js'
import { openTls } from '../supervisor/open-tls.js'
import type { Server } from '../supervisor/server.js'
import { serviceSource } from '../supervisor/service-source.js'
import { Surroundings } from '../supervisor/surroundings.js'
import type { StartDevelopmentOptions } from './start-development-options.js'

/** Serves in development mode: everything in one process, this one or, where files are watched, one that is replaced. */
export async function startDevelopment(settings: ServeSettings, options: StartDevelopmentOptions): Promise<Server> {
  const { reload, sources } = settings
  const log = createLogger(settings.log)
  log.info({ mode: 'development', why: sources.developmentMode, reload }, 'starting')
  if (needsParent(settings)) {
    const { startReplaceable } = await import('./start-replaceable.js')
    return startReplaceable(settings, options)
  }
  const surroundings = new Surroundings({
    settings,
    folder: '',
    isSteered: false,
    endsProcess: options.handleSignals,
    log,
  })
  await surroundings.claim()
  try {
    const server = await serveInThisProcess(settings, options)
    surroundings.show({ status: () => server.status(), askStatus: async () => server.status(), plan: () => undefined })
    void server.closed.then((outcome) => surroundings.close(outcome))
    return server
  } catch (error) {
    await surroundings.close(undefined)
    throw error
  }
}

/** Is there anything that a process above the one that runs the code has to hold? */
function needsParent({ app, reload, inspect, uds, serviceManager }: ServeSettings): boolean {
  return (
    reload || app !== undefined || inspect !== undefined || uds !== undefined || serviceManager.sockets?.forUs === true
  )
}

async function serveInThisProcess(
  settings: ServeSettings,
  { handleSignals, makePlan }: StartDevelopmentOptions,
): Promise<Server> {
  const { identifier, workingDir } = settings
  if (handleSignals) {
    process.env.NODE_ENV ??= 'development'
    process.chdir(workingDir)
  }
  const own = typeof identifier === 'string' ? undefined : definitionOf(identifier)
  // By path: what runs a user's code is in a bundle that supervisors do not load.
  const { serveHere } = requireOwn<typeof import('./serve-here.js')>('development/serve-here')
  return serveHere({
    settings,
    source: own ?? serviceSource(settings),
    makePlan: async (graph) => {
      const plan = await makePlan(Promise.resolve(graph), settings)
      return { plan, inline: inlineSettings(plan) }
    },
    tls: (await (await openTls(settings))?.read(settings))?.identity,
    handleSignals,
  })
}
