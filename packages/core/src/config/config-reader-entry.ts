/**
 * A short process that loads a configuration file written in code and sends its default export back as JSON,
 * so that no user code is ever loaded into the supervisor. Started by read-config.ts.
 */
import { pathToFileURL } from 'node:url'
import { encodeError, type WireError } from '../errors/error-codec.js'

/** What this process sends, once. @internal */
export type ConfigReaderMessage =
  | { readonly type: 'config'; readonly json: string }
  | { readonly type: 'failed'; readonly reason: string; readonly error?: WireError }

const MAX_JSON_BYTES = 1024 * 1024

async function main(file: string): Promise<ConfigReaderMessage> {
  const config = defaultOf(await load(file))
  if (config === undefined) return { type: 'failed', reason: 'it has no default export' }
  const problem = findProblem(config, '', [])
  if (problem !== undefined) return { type: 'failed', reason: problem }
  const json = JSON.stringify(config)
  if (json.length > MAX_JSON_BYTES) return { type: 'failed', reason: `it is larger than ${MAX_JSON_BYTES} bytes` }
  return { type: 'config', json }
}

async function load(file: string): Promise<Record<string, unknown>> {
  if (/\.[cm]?ts$/.test(file)) {
    const { loadModule } = await import('../identifier/load-module.js')
    return loadModule(file)
  }
  return (await import(pathToFileURL(file).href)) as Record<string, unknown>
}

/** What was compiled from ESM to CommonJS has its default export one level further down. */
function defaultOf(loaded: Record<string, unknown>): unknown {
  const given = loaded.default as { __esModule?: unknown; default?: unknown } | undefined
  return given?.__esModule === true && 'default' in given ? given.default : given
}

/** JSON.stringify drops functions and turns class instances into {} without a word. */
function findProblem(value: unknown, path: string, above: readonly unknown[]): string | undefined {
  if (value === undefined || value === null || ['string', 'number', 'boolean'].includes(typeof value)) return undefined
  const at = path === '' ? 'its default export' : `the value of '${path}'`
  if (typeof value !== 'object') return `${at} is a ${typeof value}; it must be plain data`
  if (above.includes(value)) return `${at} contains itself`
  const prototype = Object.getPrototypeOf(value)
  if (!Array.isArray(value) && prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    return `${at} is an instance of ${prototype.constructor?.name}; it must be plain data`
  }
  for (const [key, inner] of Object.entries(value)) {
    const problem = findProblem(inner, path === '' ? key : `${path}.${key}`, [...above, value])
    if (problem !== undefined) return problem
  }
  return undefined
}

function answer(message: ConfigReaderMessage): void {
  // The channel is flushed before the process ends; whatever the file left running ends with it.
  process.send?.(message, () => process.exit(0))
}

main(process.argv[2] ?? '').then(answer, (error: unknown) => {
  const encoded = encodeError(error)
  answer({ type: 'failed', reason: encoded.message, error: encoded })
})
