import type { LoneServer } from '../bootstrap/lone-server.js'
import type { ServeSettings } from '../config/serve-settings.js'
import { developmentProcess, needsParent, warnUnusedInDevelopment } from '../config/unused-in-development.js'
import { createLogger } from '../observe/create-logger.js'
import type { Logger } from '../observe/logger.js'
import { inlineSettings } from '../plan/inline-settings.js'
import { requireOwn } from '../require-own.js'
import { definitionOf } from '../service/registry.js'
import { openTls } from '../supervisor/open-tls.js'
import type { Server } from '../supervisor/server.js'
import { serviceSource } from '../supervisor/service-source.js'
import { Surroundings } from '../supervisor/surroundings.js'
import type { ServeHereOptions } from './serve-here.js'
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
    const server = await serveInThisProcess(settings, options, { tidy: (outcome) => surroundings.close(outcome), log })
    surroundings.show(server.shown)
    return server
  } catch (error) {
    await surroundings.close(undefined)
    throw error
  }
}

async function serveInThisProcess(
  settings: ServeSettings,
  { handleSignals, makePlan }: StartDevelopmentOptions,
  { tidy, log }: Pick<ServeHereOptions, 'tidy'> & { readonly log: Logger },
): Promise<LoneServer> {
  const { identifier, workingDir } = settings
  if (handleSignals) {
    process.env.NODE_ENV ??= 'development'
    process.chdir(workingDir)
  }
  const own = typeof identifier === 'string' ? undefined : definitionOf(identifier)
  const tls = await (await openTls(settings))?.read(settings)
  for (const { code, message } of tls?.warnings ?? []) log.warn({ code }, message)
  // By path: what runs a user's code is in a bundle that supervisors do not load.
  const { serveHere } = requireOwn<typeof import('./serve-here.js')>('development/serve-here')
  return serveHere({
    settings,
    source: own ?? serviceSource(settings),
    makePlan: async (graph) => {
      const plan = await makePlan(Promise.resolve(graph), settings)
      warnUnusedInDevelopment(settings.sources, developmentProcess(settings, plan.entry), log)
      for (const { code, message } of plan.warnings) log.warn({ code }, message)
      return { plan, inline: inlineSettings(plan) }
    },
    tls: tls?.identity,
    handleSignals,
    tidy,
  })
}
