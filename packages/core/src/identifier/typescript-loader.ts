import { existsSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, parse } from 'node:path'
import { pathToFileURL } from 'node:url'
import { isMainThread } from 'node:worker_threads'
import { createError } from '../errors/service-error.js'
import { sharedSlot } from '../util/shared-state.js'
import { failureReason } from './failure-reason.js'
import { locatePackage } from './locate-package.js'

/** Who turns TypeScript into JavaScript: a loader that was there, tsx, Node's own type stripping, or nobody. */
export type TypeScriptLoader = 'active' | 'tsx' | 'native' | 'none'

type Unregister = () => unknown
interface TsxApi {
  readonly register: (options?: { tsconfig: string }) => Unregister
}

interface LoaderState {
  /** What tsx was registered with; undefined: it is not. */
  registered: { readonly tsconfig: string; readonly unregister: () => Promise<void> } | undefined
  /** Imports under way: tsx must not change its configuration below them. */
  importing: number
}

/** Runs an import of a TypeScript file with the loader it needs. */
export async function withTypeScript<T>(
  file: string,
  workingDir: string,
  load: (loader: TypeScriptLoader) => Promise<T>,
): Promise<T> {
  const state = loaderState()
  const loader = await prepareLoader(realpathSync(file), workingDir, state)
  state.importing += 1
  try {
    return await load(loader)
  } finally {
    state.importing -= 1
  }
}

function loaderState(): LoaderState {
  return sharedSlot('typescript-loader', () => ({ registered: undefined, importing: 0 }))
}

async function prepareLoader(file: string, workingDir: string, state: LoaderState): Promise<TypeScriptLoader> {
  if (state.registered === undefined && isLoaderActive()) return 'active'
  const tsx = findTsx([dirname(file), workingDir, __dirname])
  if (tsx !== undefined) {
    await useTsx(tsx, nearestTsconfig(file), state)
    return 'tsx'
  }
  const { typescript } = process.features as { typescript?: unknown }
  return typeof typescript === 'string' ? 'native' : 'none'
}

const LOADER_NAMES =
  /(?:^|[\s=/\\@])(?:tsx|ts-node|jiti|swc-node|oxc-node|esbuild-register|tsimp|vite-node)(?:$|[\s=/\\@])/

/** Was a TypeScript loader given on Node's command line (`--import tsx`)? It stays in charge, with its own settings. */
function isLoaderActive(): boolean {
  // On Node 20 a thread inherits the flag, and the half of the loader that serves import() has no effect there.
  if (!isMainThread && Number.parseInt(process.versions.node, 10) < 22) return false
  const { [Symbol.for('tsx:global-cjs-loader-count')]: tsxCount } = globalThis as Record<symbol, unknown>
  if (typeof tsxCount === 'number' && tsxCount > 0) return true
  return LOADER_NAMES.test(`${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`)
}

interface TsxPaths {
  readonly esm: string
  readonly cjs: string
}

function findTsx(folders: readonly string[]): TsxPaths | undefined {
  for (const folder of folders) {
    // Its CommonJS build of esm/api looks for its hooks in the wrong folder on Node 20: the ES module is what works.
    const esm = locatePackage('tsx/esm/api', folder).path
    const cjs = locatePackage('tsx/cjs/api', folder).path
    if (esm !== undefined && cjs !== undefined && existsSync(esm) && existsSync(cjs)) return { esm, cjs }
  }
  return undefined
}

/** Registers tsx with a tsconfig; a registration with another one gives way, unless imports depend on it. */
async function useTsx(tsx: TsxPaths, tsconfig: string | undefined, state: LoaderState): Promise<void> {
  const key = process.env.TSX_TSCONFIG_PATH ?? tsconfig ?? ''
  if (state.registered?.tsconfig === key || (state.registered !== undefined && state.importing > 0)) return
  const [esm, cjs] = (await Promise.all([tsx.esm, tsx.cjs].map((path) => import(pathToFileURL(path).href)))) as [
    TsxApi,
    TsxApi,
  ]
  await state.registered?.unregister()
  state.registered = undefined
  const unregister = withConfigFile(tsconfig, (path) => register(esm, cjs, path), tsconfig)
  state.registered = { tsconfig: key, unregister }
}

function register(esm: TsxApi, cjs: TsxApi, tsconfig: string): () => Promise<void> {
  // The CommonJS half takes its tsconfig from the environment alone, and reads it at once. It goes first: it throws
  // here for a broken tsconfig, where the other half would throw in a thread of its own.
  const unregisterCjs = withVariable('TSX_TSCONFIG_PATH', tsconfig, () => cjs.register())
  const unregisterEsm = esm.register({ tsconfig })
  return async () => {
    unregisterCjs()
    await unregisterEsm()
  }
}

function withVariable<T>(name: string, value: string, run: () => T): T {
  const previous = process.env[name]
  process.env[name] = value
  try {
    return run()
  } finally {
    if (previous === undefined) delete process.env[name]
    else process.env[name] = previous
  }
}

/**
 * tsx applies a tsconfig to the files that its `include` names, and none to others; nearest to the file is what counts
 * here. So it gets one that extends the nearest and includes everything.
 */
function withConfigFile<T>(tsconfig: string | undefined, use: (path: string) => T, shown = 'tsconfig.json'): T {
  const given = process.env.TSX_TSCONFIG_PATH
  if (given !== undefined) return use(given)
  const folder = mkdtempSync(join(tmpdir(), 'ekiben-tsconfig-'))
  try {
    const path = join(folder, 'tsconfig.json')
    const everything = `${parse(folder).root.replaceAll('\\', '/')}**/*`
    const parent = tsconfig === undefined ? {} : { extends: tsconfig }
    writeFileSync(path, JSON.stringify({ ...parent, files: [], include: [everything], exclude: [] }))
    return use(path)
  } catch (cause) {
    const reason = failureReason(cause, undefined)
    throw createError('EKB_ERR_IDENTIFIER_LOAD_FAILED', { file: shown, reason }, { cause })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The tsconfig.json of the file's folder, or of the nearest folder above that has one. */
function nearestTsconfig(file: string): string | undefined {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const path = join(folder, 'tsconfig.json')
    if (existsSync(path)) return path
    if (dirname(folder) === folder) return undefined
  }
}
