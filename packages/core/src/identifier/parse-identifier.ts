import { createError } from '../errors/service-error.js'

/** A path as it was written: relative to the working directory, absolute, `~/…` or a file URL. */
export interface PathIdentifier {
  readonly type: 'path'
  readonly path: string
  /** undefined: the one service in it that no other service there depends on. */
  readonly exportName: string | undefined
}

/** A bare name: a file or folder of the working directory, else an installed package. */
export interface NameIdentifier {
  readonly type: 'name'
  readonly name: string
  readonly exportName: string | undefined
}

/** A bundle of the local store. */
export interface BundleIdentifier {
  readonly type: 'bundle'
  readonly name: string
  /** undefined: the latest. */
  readonly version: string | undefined
}

export type ParsedIdentifier = PathIdentifier | NameIdentifier | BundleIdentifier

const BUNDLE_PREFIX = 'bundle:'
const DRIVE = /^[A-Za-z]:[\\/]/
const FILE_URL = /^file:\/\//i
const URL_SCHEME = /^[A-Za-z][A-Za-z\d+.-]+:\/\//
const STARTS_AS_PATH = /^(?:\.{1,2}(?:[\\/]|$)|[\\/]|~(?:[\\/]|$))/
const EXPORT_NAME = /^[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*$/u

/** Says what an identifier names, without looking at the disk. */
export function parseIdentifier(identifier: string): ParsedIdentifier {
  const refuse = (reason: string) =>
    createError('EKB_ERR_IDENTIFIER_MALFORMED', { identifier: String(identifier), reason })
  if (typeof identifier !== 'string')
    throw refuse(`it is ${identifier === null ? 'null' : typeof identifier}, not a string`)
  if (identifier.trim() === '') throw refuse('it is empty')
  if (identifier !== identifier.trim()) throw refuse('it begins or ends with white space')
  if (/\p{Cc}/u.test(identifier)) throw refuse('it contains a control character')
  if (identifier.startsWith(BUNDLE_PREFIX)) return parseBundle(identifier.slice(BUNDLE_PREFIX.length), refuse)
  return parseModule(identifier, refuse)
}

type Refuse = (reason: string) => Error

function parseBundle(tag: string, refuse: Refuse): BundleIdentifier {
  const [name = '', version, ...rest] = tag.split(':')
  if (name === '') throw refuse('the name after bundle: is empty')
  if (version === '') throw refuse('the version after the second colon is empty')
  if (rest.length > 0) throw refuse('a bundle is bundle:name or bundle:name:version')
  return { type: 'bundle', name, version }
}

function parseModule(identifier: string, refuse: Refuse): PathIdentifier | NameIdentifier {
  const isFileUrl = FILE_URL.test(identifier)
  if (!isFileUrl && URL_SCHEME.test(identifier)) throw refuse('a URL names no module of this machine')

  // The colon of a drive letter or of file:// parts nothing.
  const prefixLength = isFileUrl ? 'file://'.length : DRIVE.test(identifier) ? 2 : 0
  const prefix = identifier.slice(0, prefixLength)
  const [target = '', exportName, ...rest] = splitAtColons(identifier.slice(prefixLength), isFileUrl)
  if (rest.length > 0) throw refuse('it has more than one colon')
  if (target === '') throw refuse('the part before the colon is empty')
  checkExportName(exportName, refuse)

  const path = prefix + target
  if (prefixLength > 0 || STARTS_AS_PATH.test(path)) return { type: 'path', path, exportName }
  checkName(path, refuse)
  return { type: 'name', name: path, exportName }
}

function splitAtColons(text: string, isFileUrl: boolean): string[] {
  // file:///C:/…: its drive stands behind a slash.
  const drive = isFileUrl ? (/^\/[A-Za-z]:\//.exec(text)?.[0] ?? '') : ''
  const [first = '', ...others] = text.slice(drive.length).split(':')
  return [drive + first, ...others]
}

function checkExportName(exportName: string | undefined, refuse: Refuse): void {
  if (exportName === undefined) return
  if (exportName === '') throw refuse('the export name after the colon is empty')
  if (exportName.includes('.')) {
    throw refuse(
      `'${exportName}' is a dotted path, and only an export of the module itself can be named: export the service under a name of its own`,
    )
  }
  if (!EXPORT_NAME.test(exportName)) throw refuse(`'${exportName}' cannot be the name of an export`)
}

function checkName(name: string, refuse: Refuse): void {
  if (name.startsWith('@') && !/^@[^/]+\/[^/]/.test(name)) {
    throw refuse('a scoped package is @scope/name')
  }
  if (name.startsWith('#')) throw refuse('# imports of a package.json cannot be named from outside their package')
}
