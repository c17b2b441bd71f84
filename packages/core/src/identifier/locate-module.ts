import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { basename, dirname, extname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createError } from '../errors/service-error.js'
import { nearNames } from '../util/near-names.js'
import { locatePackage } from './locate-package.js'
import { type NameIdentifier, type PathIdentifier, parseIdentifier } from './parse-identifier.js'

/** Extensions of a module, in the order in which they are looked for. */
export const MODULE_EXTENSIONS: readonly string[] = ['.ts', '.mts', '.cts', '.js', '.mjs', '.cjs', '.tsx']

/** Where an identifier leads. Paths as they were written: symbolic links are not followed. */
export interface LocatedModule {
  readonly file: string
  /** Asked for, by the identifier or by the folder's package.json. */
  readonly exportName: string | undefined
}

/** Everything that was looked at, for the error that says so. */
interface Search {
  readonly identifier: string
  readonly workingDir: string
  readonly tried: string[]
  /** Folders whose `ekiben.service` is being followed: one may name itself. */
  readonly followed: Set<string>
}

type ModuleIdentifier = PathIdentifier | NameIdentifier

/** Finds the file that an identifier names; loads nothing. */
export function locateModule(identifier: string, workingDir: string): LocatedModule {
  const parsed = parseIdentifier(identifier)
  if (parsed.type === 'bundle') throw createError('EKB_ERR_IDENTIFIER_BUNDLE_UNKNOWN', { identifier })
  const search: Search = { identifier, workingDir: resolve(workingDir), tried: [], followed: new Set() }
  return locate(parsed, search) ?? fail(parsed, search)
}

function locate(parsed: ModuleIdentifier, search: Search): LocatedModule | undefined {
  const written = parsed.type === 'path' ? parsed.path : parsed.name
  const path = toAbsolute(written, search.workingDir)
  const { exportName } = parsed
  // `folder/` and `.` can only be folders.
  const file = /(?:^|[\\/])\.{0,2}$/.test(written) ? undefined : locateFile(path, search)
  if (file !== undefined) return { file, exportName }
  const inFolder = locateInFolder(path, { exportName, isNamed: parsed.type === 'name' }, search)
  if (inFolder !== undefined || parsed.type === 'path') return inFolder
  return locateInPackages(parsed, search)
}

function toAbsolute(written: string, workingDir: string): string {
  if (/^file:\/\//i.test(written)) return fileURLToPath(written)
  const expanded = written.replace(/^~(?=$|[\\/])/, () => homedir())
  return resolve(workingDir, expanded)
}

function locateFile(path: string, search: Search): string | undefined {
  if (MODULE_EXTENSIONS.includes(extname(path))) {
    if (isFile(path)) return path
    search.tried.push(path)
  } else if (isFile(path)) {
    search.tried.push(`${path} (not a JavaScript or TypeScript file)`)
  }
  const found = withExtension(path)
  if (found === undefined) search.tried.push(`${path}{${MODULE_EXTENSIONS.join(',')}}`)
  return found
}

function withExtension(path: string): string | undefined {
  return MODULE_EXTENSIONS.map((extension) => path + extension).find(isFile)
}

interface FolderQuestion {
  readonly exportName: string | undefined
  /** Written as a module's name, not as a path. */
  readonly isNamed: boolean
}

function locateInFolder(folder: string, question: FolderQuestion, search: Search): LocatedModule | undefined {
  if (!isFolder(folder)) {
    search.tried.push(`${folder}/`)
    return undefined
  }
  const { exportName } = question
  const index = withExtension(join(folder, 'index'))
  const found = (file: string | undefined) => (file === undefined ? undefined : { file, exportName })
  // `folder:Export` names a module, whose file is the index; a folder by itself says where its service is.
  const asModule = question.isNamed && exportName !== undefined ? found(index) : undefined
  const located =
    asModule ??
    locateByField(folder, exportName, search) ??
    found(withExtension(join(folder, 'service'))) ??
    found(index)
  if (located === undefined)
    search.tried.push(`${folder}/ (no ekiben.service in package.json, no service.*, no index.*)`)
  return located
}

/** Follows the field `ekiben.service` of a folder's package.json; an export asked for wins over the field's own. */
function locateByField(folder: string, exportName: string | undefined, search: Search): LocatedModule | undefined {
  const manifest = join(folder, 'package.json')
  if (search.followed.has(folder) || !existsSync(manifest)) return undefined
  search.followed.add(folder)
  const field = readServiceField(manifest)
  if (field === undefined) return undefined
  const refuse = (reason: string) =>
    createError('EKB_ERR_IDENTIFIER_MALFORMED', {
      identifier: String(field),
      reason: `${reason} (ekiben.service in ${manifest})`,
    })
  if (typeof field !== 'string') throw refuse('it is not a string')
  const parsed = parseIdentifier(field)
  if (parsed.type === 'bundle') throw refuse('a bundle cannot stand there')
  const located = locate(parsed, { ...search, workingDir: folder })
  if (located === undefined) search.tried.push(`'${field}', which is ekiben.service in ${manifest}`)
  return located && { file: located.file, exportName: exportName ?? located.exportName }
}

function readServiceField(manifest: string): unknown {
  try {
    const content = JSON.parse(readFileSync(manifest, 'utf8')) as { ekiben?: { service?: unknown } } | null
    return content?.ekiben?.service
  } catch (cause) {
    const reason = (cause as Error).message
    throw createError('EKB_ERR_IDENTIFIER_LOAD_FAILED', { file: manifest, reason }, { cause })
  }
}

function locateInPackages({ name, exportName }: NameIdentifier, search: Search): LocatedModule | undefined {
  const found = locatePackage(name, search.workingDir)
  if (found.folder !== undefined && found.subpath === '.' && exportName === undefined) {
    const byField = locateByField(found.folder, undefined, search)
    if (byField !== undefined) return byField
  }
  const path = found.path
  const file =
    path === undefined ? undefined : ([path].find(isFile) ?? withExtension(path) ?? withExtension(join(path, 'index')))
  if (file !== undefined) return { file, exportName }
  search.tried.push(found.tried)
  return undefined
}

function fail(parsed: ModuleIdentifier, search: Search): never {
  const { identifier, workingDir, tried } = search
  const written = parsed.type === 'path' ? parsed.path : parsed.name
  if (!isFolder(workingDir)) tried.unshift(`the working directory ${workingDir}, which does not exist`)
  throw createError('EKB_ERR_IDENTIFIER_NOT_FOUND', {
    identifier,
    tried: [...new Set(tried)],
    near: nearFiles(written, search),
  })
}

/** What a mistyped name may have meant: modules and folders beside the place where it was looked for. */
function nearFiles(written: string, { workingDir }: Search): string[] {
  const path = toAbsolute(written, workingDir)
  const wanted = basename(path)
  const hasExtension = MODULE_EXTENSIONS.includes(extname(wanted))
  const known = new Set<string>()
  for (const entry of entriesOf(dirname(path))) {
    const isModule = MODULE_EXTENSIONS.includes(extname(entry.name)) && !/\.d\.[mc]?ts$/.test(entry.name)
    if (isModule) known.add(hasExtension ? entry.name : entry.name.slice(0, -extname(entry.name).length))
    else if (entry.isDirectory() && !hasExtension && !/^(?:\.|node_modules$)/.test(entry.name)) known.add(entry.name)
  }
  const sameStem = [...known].filter((name) => name !== wanted && stem(name) === stem(wanted))
  const near = [...new Set([...sameStem, ...nearNames(wanted, known)])].slice(0, 3)
  return near.map((name) => written.slice(0, written.length - wanted.length) + name)
}

function stem(name: string): string {
  return name.slice(0, name.length - extname(name).length)
}

function entriesOf(folder: string) {
  try {
    return readdirSync(folder, { withFileTypes: true })
  } catch {
    return []
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true
}
