import { CORS_SHAPE } from './cors-settings.js'
import { OPTIONS, type OptionPlace, type OptionRow } from './options.js'
import { refuseAppsOwn } from './refuse-unused.js'
import { SERVICE_SHAPE, type SettingShape, SUPERVISION_SHAPE } from './service-settings-rows.js'
import { SettingEntries } from './setting-entries.js'
import { fromValue, invalidSetting, unknownSetting } from './setting-errors.js'
import { boolean, name, type ValueKind, workerCount } from './value-kinds.js'

/** Keys of the options in code that are no settings. */
const CODE_ONLY = ['identifier', 'handleSignals', 'readEnvironment'] as const
const CODE_SWITCHES = ['handleSignals', 'readEnvironment']

interface Target {
  readonly entries: SettingEntries
  readonly source: string
}

/** Checks the options in code or the content of a configuration file, and lists what they set. */
export function layerFromData(data: unknown, place: OptionPlace, source: string): SettingEntries {
  const target: Target = { entries: new SettingEntries(), source }
  const known = knownKeys(place)
  for (const [key, value] of entriesOf(data, [], target)) {
    if (isIgnored(key, place)) continue
    if (place === 'code' && CODE_SWITCHES.includes(key)) {
      if (value !== undefined) fromValue(boolean, value, { path: [key], source })
      continue
    }
    const row = OPTIONS.find((option) => option.places.includes(place) && (option.key === key || option.msKey === key))
    if (row !== undefined) putOption(row, { key, value }, target)
    else if (key === 'supervision') walk({ group: SUPERVISION_SHAPE }, value, [key], target)
    else if (key === 'cors') walk({ group: CORS_SHAPE }, value, [key], target)
    else if (key === 'services') putServices(value, target)
    else {
      if (place === 'code') refuseAppsOwn(key, source)
      throw unknownSetting([key], source, known)
    }
  }
  return target.entries
}

function isIgnored(key: string, place: OptionPlace): boolean {
  return place === 'code' && key === 'identifier'
}

function knownKeys(place: OptionPlace): string[] {
  const rows = OPTIONS.filter((option) => option.places.includes(place))
  const keys = rows.flatMap((row) => (row.msKey === undefined ? [row.key] : [row.key, row.msKey]))
  return [...keys, 'supervision', 'cors', 'services', ...(place === 'code' ? CODE_ONLY : [])]
}

function putOption(row: OptionRow, given: { key: string; value: unknown }, target: Target): void {
  if (given.value === undefined) return
  if (row.key === 'workers') {
    for (const [service, count] of entriesOf(given.value, ['workers'], target)) putWorkers(service, count, target)
    return
  }
  if (row.key === 'depends') {
    for (const [service, url] of entriesOf(given.value, ['depends'], target)) {
      putNamed(row.kind, { path: ['depends', service], value: url }, target)
    }
    return
  }
  const kind = given.key === row.msKey && row.msKind !== undefined ? row.msKind : row.kind
  // true and false say whether to look for the file; that is for whoever reads it.
  if (row.key === 'config' && typeof given.value === 'boolean') return
  putOnce([row.key], fromValue(kind, given.value, { path: [given.key], source: target.source }), target)
}

function putServices(data: unknown, target: Target): void {
  for (const [service, settings] of entriesOf(data, ['services'], target)) {
    const path = ['services', service]
    if (name.fromValue(service) === undefined) {
      throw invalidSetting(path, target.source, { value: service, expected: `a service name: ${name.expected}` })
    }
    for (const [key, value] of entriesOf(settings, path, target)) {
      const shape = Object.hasOwn(SERVICE_SHAPE, key) ? SERVICE_SHAPE[key] : undefined
      if (shape === undefined) throw unknownSetting([...path, key], target.source, Object.keys(SERVICE_SHAPE))
      if (key === 'workers') putWorkers(service, value, target)
      else walk(shape, value, [...path, key], target)
    }
  }
}

function putWorkers(service: string, count: unknown, target: Target): void {
  putNamed(workerCount, { path: ['workers', service], value: count }, target)
}

/** What is set for one service, whose name is the last of the path. */
function putNamed(kind: ValueKind, { path, value }: { path: readonly string[]; value: unknown }, target: Target): void {
  if (value === undefined) return
  const service = path.at(-1)
  if (name.fromValue(service) === undefined) {
    throw invalidSetting(path, target.source, { value: service, expected: `a service name: ${name.expected}` })
  }
  putOnce(path, fromValue(kind, value, { path, source: target.source }), target)
}

function walk(shape: SettingShape, data: unknown, path: readonly string[], target: Target): void {
  if (data === undefined) return
  if ('kind' in shape) {
    const value = fromValue(shape.kind, data, { path, source: target.source })
    target.entries.put({ path, value, source: target.source })
    return
  }
  for (const [key, value] of entriesOf(data, path, target)) {
    const inner = 'record' in shape ? { kind: shape.record } : ownShape(shape.group, key)
    if (inner === undefined) {
      throw unknownSetting([...path, key], target.source, 'group' in shape ? Object.keys(shape.group) : [])
    }
    walk(inner, value, [...path, key], target)
  }
}

function ownShape(group: Readonly<Record<string, SettingShape>>, key: string): SettingShape | undefined {
  return Object.hasOwn(group, key) ? group[key] : undefined
}

/** One setting under two names in one place: whichever won would surprise somebody. */
function putOnce(path: readonly string[], value: unknown, target: Target): void {
  if (target.entries.get(...path) !== undefined) {
    throw invalidSetting(path, target.source, { value: 'given twice', expected: 'it once, under one name' })
  }
  target.entries.put({ path, value, source: target.source })
}

function entriesOf(data: unknown, path: readonly string[], target: Target): [string, unknown][] {
  if (data === undefined) return []
  if (typeof data !== 'object' || data === null || Array.isArray(data)) {
    const key = path.length === 0 ? ['(all)'] : path
    throw invalidSetting(key, target.source, { value: data, expected: 'an object' })
  }
  return Object.entries(data)
}
