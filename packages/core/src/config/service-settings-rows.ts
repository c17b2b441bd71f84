import {
  anyText,
  boolean,
  bytes,
  bytesOrZero,
  integer,
  milliseconds,
  number,
  textList,
  type ValueKind,
  variableNames,
  workerCount,
} from './value-kinds.js'

/** A setting, or a group of settings with a key each; `record`: any key, all of one kind. */
export type SettingShape =
  | { readonly kind: ValueKind }
  | { readonly group: Readonly<Record<string, SettingShape>> }
  | { readonly record: ValueKind }

/** How workers are watched: for all services under `supervision`, for one under its name. Defaults are the plan's. */
export const SUPERVISION_SHAPE: Readonly<Record<string, SettingShape>> = {
  bootTimeoutMs: { kind: milliseconds(1) },
  livenessTimeoutMs: { kind: milliseconds(0) },
  drainTimeoutMs: { kind: milliseconds(0) },
  reloadDrainMs: { kind: milliseconds(0) },
  keepAliveDrainMs: { kind: milliseconds(0) },
  prestopDelayMs: { kind: milliseconds(0) },
  dependencyGraceMs: { kind: milliseconds(0) },
  surge: { kind: integer(0) },
  minReadyMs: { kind: milliseconds(0) },
  maxRequests: { kind: integer(0) },
  maxRequestsJitter: { kind: integer(0) },
  maxAgeMs: { kind: milliseconds(0) },
  maxRssBytes: { kind: bytesOrZero },
  restart: {
    group: {
      initialMs: { kind: milliseconds(0) },
      factor: { kind: number(1) },
      maxMs: { kind: milliseconds(0) },
      resetAfterMs: { kind: milliseconds(0) },
      flappingCount: { kind: integer(1) },
      flappingWindowMs: { kind: milliseconds(1) },
    },
  },
}

/** What `services: { Name: … }` takes. */
export const SERVICE_SHAPE: Readonly<Record<string, SettingShape>> = {
  workers: { kind: workerCount },
  threads: { kind: boolean },
  traffic: {
    group: {
      timeoutMs: { kind: milliseconds(1) },
      maxConcurrency: { kind: integer(1) },
      maxQueue: { kind: integer(0) },
    },
  },
  resources: { group: { gpu: { kind: number(0) } } },
  env: { record: anyText },
  envAllow: { kind: variableNames },
  nodeArgs: { kind: textList },
  maxHeapBytes: { kind: bytes },
  ...SUPERVISION_SHAPE,
}

/** Where the setting begins in a service's name and what is set for it. A name may hold dots: the shortest wins. */
export function settingIndex(segments: readonly string[]): number {
  return segments.findIndex((segment, index) => index > 0 && Object.hasOwn(SERVICE_SHAPE, segment))
}
