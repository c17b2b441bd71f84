import { realpathSync } from 'node:fs'
import { basename } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ServeSettings } from '../config/serve-settings.js'
import { createError } from '../errors/service-error.js'
import type { GraphCut } from '../graph/graph-cut.js'
import type { ServiceSource } from '../ipc/protocol.js'
import { definitionOf } from '../service/registry.js'

/** Where the workers find the service: the identifier, or the module of a service given as a value. */
export function serviceSource(
  settings: Pick<
    ServeSettings,
    'identifier' | 'workingDir' | 'only' | 'depends' | 'sources' | 'app' | 'port' | 'uds' | 'keepAliveTimeoutMs'
  >,
): ServiceSource {
  const { identifier, workingDir, app } = settings
  const cut = graphCut(settings)
  if (app !== undefined) {
    const { name, main, args, appPort, bindsAsked, ready, nodeArgs } = app
    const isAsked = bindsAsked && (settings.sources.port ?? 'default') === 'default'
    const port = !isAsked ? settings.port : settings.uds === undefined ? undefined : 0
    const { keepAliveTimeoutMs: given, sources } = settings
    const keepAliveTimeoutMs = (sources.timeoutKeepAlive ?? 'default') === 'default' ? undefined : given
    return {
      type: 'main',
      name,
      main,
      args,
      nodeArgs,
      port,
      appPort,
      keepAliveTimeoutMs,
      ready,
      isCommanded: bindsAsked,
      workingDir,
      cut,
    }
  }
  if (typeof identifier === 'string') return { type: 'identifier', identifier, workingDir, cut }
  const definition = definitionOf(identifier)
  if (definition === undefined) {
    const params = { file: 'the option identifier', name: identifier.name, received: 'a class without @service()' }
    throw createError('EKB_ERR_IDENTIFIER_NOT_A_SERVICE', params)
  }
  const { name, module } = definition
  if (module === undefined) {
    throw createError('EKB_ERR_SERVICE_NO_MODULE', { service: name, reason: 'the file that declares it is not known' })
  }
  if (isEntryFile(module)) {
    const reason = `it is declared in this process's own entry file, ${module}, which would start the server again`
    throw createError('EKB_ERR_SERVICE_NO_MODULE', { service: name, reason })
  }
  return { type: 'module', module, entry: name, workingDir, cut }
}

/** What runs here of the graph, and where the rest is. */
function graphCut({
  only,
  depends,
  sources,
}: Pick<ServeSettings, 'only' | 'depends' | 'sources'>): GraphCut | undefined {
  const names = Object.keys(depends)
  if (only === undefined && names.length === 0) return undefined
  const places = names.map((name) => {
    const source = sources[`depends.${name}`] ?? 'the settings'
    return [name, { url: depends[name] as string, source }] as const
  })
  return { only, depends: Object.fromEntries(places) }
}

/** A name for an instance that was given none: that of the service it serves alone, the export, else the module or folder that the identifier names. */
export function defaultInstanceName({
  identifier,
  workingDir,
  only,
  app,
}: Pick<ServeSettings, 'identifier' | 'workingDir' | 'only' | 'app'>): string {
  if (app !== undefined) return app.name
  if (only !== undefined) return only
  if (typeof identifier !== 'string') return definitionOf(identifier)?.name ?? identifier.name
  const named = identifier.slice(identifier.lastIndexOf(':') + 1)
  const last = basename(named === '.' ? workingDir : named).replace(/\.[cm]?[jt]sx?$/, '')
  return last.replace(/[^\w.-]/g, '-') || 'ekiben'
}

function isEntryFile(module: string): boolean {
  const entry = process.argv[1]
  if (entry === undefined) return false
  try {
    return realpathSync(entry) === realpathSync(module.startsWith('file:') ? fileURLToPath(module) : module)
  } catch {
    return false
  }
}
