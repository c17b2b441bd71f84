import { createError } from '../errors/service-error.js'
import { nearNames } from '../util/near-names.js'
import { hideCredentials } from '../util/parse-remote-url.js'
import { CORS_SHAPE } from './cors-settings.js'
import { OPTIONS, type OptionRow } from './options.js'
import { SERVICE_SHAPE, type SettingShape, SUPERVISION_SHAPE, settingIndex } from './service-settings-rows.js'
import type { SettingEntries } from './setting-entries.js'
import { fromText, invalidSetting, unknownSetting } from './setting-errors.js'
import { anyText, name, remoteUrl, workerCount } from './value-kinds.js'

/** The layer that texts are read into, and where they stand. */
export interface TextTarget {
  readonly entries: SettingEntries
  readonly source: string
}

/** `NAME=N` of `--workers`. */
export function putWorkerCount(text: string, target: TextTarget): void {
  const [service = '', count] = split(text)
  if (count === undefined || name.fromText(service) === undefined) {
    throw invalidSetting(['workers'], target.source, { value: text, expected: 'NAME=N, for example Embedder=2' })
  }
  const at = { path: ['workers', service], source: target.source }
  target.entries.put({ ...at, value: fromText(workerCount, count, at) })
}

/** `NAME=URL` of `--depends`. */
export function putDependency(text: string, target: TextTarget): void {
  const [service = '', url] = split(text)
  if (url === undefined || name.fromText(service) === undefined) {
    const value = url === undefined ? hideCredentials(text) : service
    throw invalidSetting(['depends'], target.source, { value, expected: 'NAME=URL, for example Ocr=http://ocr:3000' })
  }
  const at = { path: ['depends', service], source: target.source }
  target.entries.put({ ...at, value: fromText(remoteUrl, url, at) })
}

/** `key=value`, `group.key=value` or `NAME.key=value` of `--set`. */
export function putAssignment(text: string, target: TextTarget): void {
  const [key = '', value] = split(text)
  if (value === undefined || key === '') {
    throw invalidSetting(['set'], target.source, { value: text, expected: 'KEY=VALUE, for example port=8080' })
  }
  const segments = key.split('.')
  const [first = '', ...rest] = segments
  const row = OPTIONS.find((option) => option.places.includes('file') && [option.key, option.msKey].includes(first))
  // Everybody on the machine can read a command line, and workers inherit the variable that stands for it.
  if (row?.secret === true) throw createError('EKB_ERR_CONFIG_SECRET', { ...row, source: target.source })
  if (row?.key === 'workers') putWorkerCount(rest.length === 0 ? value : `${rest.join('.')}=${value}`, target)
  else if (row?.key === 'depends') putDependency(rest.length === 0 ? value : `${rest.join('.')}=${value}`, target)
  else if (row !== undefined && rest.length === 0) putOption(row, { key: first, value }, target)
  else if (first === 'supervision') putSupervision(rest, value, target)
  else if (first === 'cors') putLeaf({ group: CORS_SHAPE }, { segments: rest, above: ['cors'], value }, target)
  else if (Object.hasOwn(SUPERVISION_SHAPE, first)) putSupervision(segments, value, target)
  else putService(first === 'services' ? rest : segments, value, target)
}

function putOption(row: OptionRow, given: { key: string; value: string }, target: TextTarget): void {
  const kind = given.key === row.msKey && row.msKind !== undefined ? row.msKind : row.kind
  const value = fromText(kind, given.value, { path: [given.key], source: target.source })
  target.entries.put({ path: [row.key], value, source: target.source })
}

function putSupervision(segments: readonly string[], value: string, target: TextTarget): void {
  putLeaf({ group: SUPERVISION_SHAPE }, { segments, above: ['supervision'], value }, target)
}

function putService(segments: readonly string[], value: string, target: TextTarget): void {
  const at = settingIndex(segments)
  const service = segments.slice(0, Math.max(at, 0)).join('.')
  if (name.fromText(service) === undefined) throw unknownAssignment(segments, target.source)
  if (segments[at] === 'workers') putWorkerCount(`${service}=${value}`, target)
  else {
    const above = ['services', service]
    putLeaf({ group: SERVICE_SHAPE }, { segments: segments.slice(at), above, value }, target)
  }
}

function putLeaf(
  shape: SettingShape,
  given: { segments: readonly string[]; above: readonly string[]; value: string },
  target: TextTarget,
): void {
  const [segment, ...rest] = given.segments
  if ('kind' in shape && segment === undefined) {
    const at = { path: given.above, source: target.source }
    target.entries.put({ ...at, value: fromText(shape.kind, given.value, at) })
    return
  }
  const path = segment === undefined ? given.above : [...given.above, segment]
  const inner = segment === undefined ? undefined : innerShape(shape, segment)
  if (inner === undefined) throw unknownSetting(path, target.source, 'group' in shape ? Object.keys(shape.group) : [])
  putLeaf(inner, { segments: rest, above: path, value: given.value }, target)
}

function innerShape(shape: SettingShape, segment: string): SettingShape | undefined {
  if ('record' in shape) return { kind: anyText }
  return 'group' in shape && Object.hasOwn(shape.group, segment) ? shape.group[segment] : undefined
}

function unknownAssignment(segments: readonly string[], source: string): Error {
  if (segments.length > 1) return unknownSetting(segments, source, Object.keys(SERVICE_SHAPE))
  const options = OPTIONS.filter((option) => option.places.includes('file')).map((option) => option.key)
  const near = nearNames(segments[0] ?? '', [...options, 'cors', ...Object.keys(SUPERVISION_SHAPE)])
  return createError('EKB_ERR_CONFIG_UNKNOWN', { source, key: segments.join('.'), near })
}

function split(text: string): [string, string | undefined] {
  const at = text.indexOf('=')
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)]
}
