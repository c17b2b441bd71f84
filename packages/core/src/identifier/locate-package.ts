import { readFileSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { IMPORT_CONDITIONS, resolveExports } from './resolve-exports.js'

/** Where a package's module should be. */
export interface LocatedPackage {
  /** undefined: the package is not installed. */
  readonly folder: string | undefined
  /** `.`, or `./sub/path`. */
  readonly subpath: string
  /** The file, or a path that lacks its extension; undefined: not installed, or not exported. */
  readonly path: string | undefined
  /** For the error, when nothing is there. */
  readonly tried: string
}

/** Finds `pkg`, `pkg/sub`, `@scope/pkg` or `@scope/pkg/sub` as an `import` in that folder would. */
export function locatePackage(specifier: string, from: string): LocatedPackage {
  const parts = specifier.split('/')
  const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/')
  const rest = parts.slice(name.split('/').length).join('/')
  const subpath = rest === '' ? '.' : `./${rest}`
  const folder = findFolder(name, from)
  if (folder === undefined) {
    const path = resolveByRequire(specifier, from)
    return { folder: undefined, subpath, path, tried: `package '${name}' in node_modules of ${from} and above` }
  }
  const manifest = readManifest(folder)
  if (manifest.exports === undefined || manifest.exports === null) {
    return { folder, subpath, path: legacyPath(folder, subpath), tried: `${subpath} in the package ${folder}` }
  }
  const target =
    resolveExports(manifest.exports, subpath, activeConditions()) ?? resolveRequireOnly(manifest.exports, subpath)
  const tried = `exports['${subpath}'] of ${join(folder, 'package.json')}`
  return { folder, subpath, path: target && join(folder, target), tried }
}

/** A package that has no way in for `import` but one for `require`: either loads through `import()` of the file. */
function resolveRequireOnly(exports: unknown, subpath: string): string | undefined {
  return resolveExports(exports, subpath, new Set([...activeConditions(), 'require']))
}

function activeConditions(): ReadonlySet<string> {
  const given = process.execArgv.join('\0').matchAll(/(?:^|\0)(?:-C|--conditions)(?:=|\0)([^\0]+)/g)
  return new Set([...IMPORT_CONDITIONS, ...[...given].map(([, condition = '']) => condition)])
}

function findFolder(name: string, from: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    // A package may import itself by its name, if it has an exports map.
    const own = readManifest(folder)
    if (own.name === name && own.exports !== undefined) return folder
    const candidate = join(folder, 'node_modules', name)
    if (statSync(candidate, { throwIfNoEntry: false })?.isDirectory() === true) return candidate
    if (dirname(folder) === folder) return undefined
  }
}

interface Manifest {
  readonly name?: unknown
  readonly exports?: unknown
}

function readManifest(folder: string): Manifest {
  try {
    return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest | null) ?? {}
  } catch {
    return {}
  }
}

/** Without an exports map: the field main, or a path below the package, its extension left out as one likes. */
function legacyPath(folder: string, subpath: string): string {
  return resolveByRequire(subpath === '.' ? folder : join(folder, subpath), folder) ?? join(folder, subpath)
}

/** Also finds what has no folder (Yarn's Plug'n'Play) or is elsewhere (NODE_PATH). */
function resolveByRequire(specifier: string, from: string): string | undefined {
  try {
    const path = createRequire(join(from, 'noop.js')).resolve(specifier)
    // The name of a built-in module comes back as it is.
    return path === specifier && !specifier.includes('/') ? undefined : path
  } catch {
    return undefined
  }
}
