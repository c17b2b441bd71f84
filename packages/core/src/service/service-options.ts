import { parseBytes } from '../util/parse-bytes.js'
import { parseRemoteUrl } from '../util/parse-remote-url.js'
import {
  type Check,
  checkOptions,
  flag,
  isRecord,
  milliseconds,
  type OptionTable,
  record,
  size,
  sizeOrZero,
  text,
  wholeNumber,
} from './option-checks.js'
import type { MountFactory, ServiceOptions, ServiceSettings } from './service-definition.js'

const SETTINGS: OptionTable = {
  name: text,
  workers: {
    expected: "a whole number of at least 1, or 'cpu'",
    accepts: (value) => value === 'cpu' || wholeNumber(1).accepts(value),
  },
  threads: flag,
  traffic: {
    nested: { timeoutMs: milliseconds(1), maxConcurrency: wholeNumber(1), maxQueue: wholeNumber(0) },
  },
  resources: {
    nested: {
      gpu: {
        expected: 'a whole number, or a fraction between 0 and 1',
        accepts: (value) => typeof value === 'number' && value >= 0 && (value < 1 || Number.isSafeInteger(value)),
      },
    },
  },
  env: {
    expected: "an object whose values are strings, such as { NAME: 'value' }",
    accepts: (value) => isRecord(value) && Object.values(value).every((item) => typeof item === 'string'),
  },
  envAllow: {
    expected: "an array of names of variables, such as ['MODEL', 'AWS_*']",
    accepts: (value) =>
      Array.isArray(value) &&
      value.every((item) => typeof item === 'string' && /^[^=*\s]*\*?$/.test(item) && item !== ''),
  },
  nodeArgs: {
    expected: 'an array of strings',
    accepts: (value) => Array.isArray(value) && value.every((item) => typeof item === 'string'),
  },
  maxHeapBytes: size,
  bootTimeoutMs: milliseconds(1),
  livenessTimeoutMs: milliseconds(0),
  drainTimeoutMs: milliseconds(0),
  reloadDrainMs: milliseconds(0),
  keepAliveDrainMs: milliseconds(0),
  prestopDelayMs: milliseconds(0),
  dependencyGraceMs: milliseconds(0),
  surge: wholeNumber(0),
  minReadyMs: milliseconds(0),
  maxRequests: wholeNumber(0),
  maxRequestsJitter: wholeNumber(0),
  maxAgeMs: milliseconds(0),
  maxRssBytes: sizeOrZero,
  restart: {
    nested: {
      initialMs: milliseconds(0),
      factor: { expected: 'a number of at least 1', accepts: (value) => typeof value === 'number' && value >= 1 },
      maxMs: milliseconds(0),
      resetAfterMs: milliseconds(0),
      flappingCount: wholeNumber(1),
      flappingWindowMs: milliseconds(1),
    },
  },
}

/** Literal, as routes are; one place cannot be written in two ways. */
const MOUNT_PATH = /^\/$|^(?:\/[^\s/?#:*{}()\\%]+)+$/

const mounts: Check = {
  expected: "an object with functions by path, such as { '/admin': (service) => handler }",
  accepts: (value) =>
    isRecord(value) &&
    Object.entries(value).every(([path, make]) => MOUNT_PATH.test(path) && typeof make === 'function'),
}

const createFunction: Check = { expected: 'a function', accepts: (value) => typeof value === 'function' }

const DECLARATION: OptionTable = {
  module: text,
  create: createFunction,
  apis: record,
  dependencies: record,
  mount: mounts,
}

type CheckedCreate = NonNullable<ServiceOptions['create']>

/** The options of `service()` and `defineService()`, checked; sizes as bytes. */
export interface CheckedServiceOptions {
  readonly settings: ServiceSettings
  readonly module: string | undefined
  readonly create: CheckedCreate | undefined
  readonly apis: Readonly<Record<string, unknown>>
  readonly dependencies: Readonly<Record<string, unknown>>
  readonly mount: Readonly<Record<string, MountFactory>>
}

/** Throws EKB_ERR_CONFIG_UNKNOWN or _INVALID; `serviceName` is for its message. */
export function checkServiceOptions(options: unknown, serviceName: string): CheckedServiceOptions {
  checkOptions(options, { ...SETTINGS, ...DECLARATION }, { service: serviceName })
  const { module, create, apis, dependencies, mount, ...given } = options as Record<string, unknown>
  const settings = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined))
  for (const key of ['maxHeapBytes', 'maxRssBytes']) {
    if (settings[key] !== undefined) settings[key] = parseBytes(settings[key])
  }
  return {
    settings: settings as ServiceSettings,
    module: module as string | undefined,
    create: create as CheckedCreate | undefined,
    apis: (apis ?? {}) as Record<string, unknown>,
    dependencies: (dependencies ?? {}) as Record<string, unknown>,
    mount: { ...(mount as Readonly<Record<string, MountFactory>> | undefined) },
  }
}

const API: OptionTable = {
  route: {
    expected: "a literal path such as '/classify'",
    accepts: (value) => typeof value === 'string' && /^\/[^\s?#:*{}()\\]*$/.test(value),
  },
  input: { expected: 'a Standard Schema or a JSON Schema', accepts: isSchema },
  output: { expected: 'a Standard Schema or a JSON Schema', accepts: isSchema },
  idempotent: flag,
  stream: flag,
  mediaType: {
    expected: "a media type such as 'image/png'",
    accepts: (value) => typeof value === 'string' && /^[\w.+-]+\/[\w.+-]+(?:\s*;.*)?$/.test(value),
  },
  bodyLimit: size,
  description: text,
  deprecated: flag,
}

/** Throws for options of `api()` that are unknown, impossible or of a later version. */
export function checkApiOptions(options: unknown, place: { service: string; method: string }): void {
  checkOptions(options, API, { service: place.service, path: `apis.${place.method}`, reserved: ['batch'] })
}

/** arktype's schemas are functions; all others are objects. */
function isSchema(value: unknown): boolean {
  if (typeof value !== 'function' && !isRecord(value)) return false
  if (!('~standard' in value)) return typeof value !== 'function'
  const standard = value['~standard'] as { version?: unknown; validate?: unknown } | undefined
  return standard?.version === 1 && typeof standard.validate === 'function'
}

const REMOTE: OptionTable = {
  url: {
    expected: 'an http or https URL, without query or fragment',
    accepts: (value) => parseRemoteUrl(value) !== undefined,
  },
  service: { expected: 'a service', accepts: (value) => typeof value === 'function' },
  forwardHeaders: {
    expected: 'an array of names of headers that can be passed on',
    accepts: (value) => Array.isArray(value) && value.every(canForward),
  },
}

/** Headers of one message or connection alone, and those that a call has of its own. */
const OWN_HEADERS =
  /^(?:host|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|proxy-.*|content-.*|accept|accept-encoding|x-request-id|traceparent|ekiben-timeout-ms)$/i

function canForward(name: unknown): boolean {
  return typeof name === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(name) && !OWN_HEADERS.test(name)
}

/** Checks `{ url }`; a target that is no such object is the graph's to judge, when all modules have loaded. */
export function checkDependencyTarget(target: unknown, place: { service: string; property: string }): void {
  if (!isRecord(target) || !('url' in target)) return
  checkOptions(target, REMOTE, { service: place.service, path: `dependencies.${place.property}` })
}
