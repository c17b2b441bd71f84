import { existsSync } from 'node:fs'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { createError, isServiceError } from '../errors/service-error.js'
import { failureReason, isErrorLike, parseLocation, type SourceLocation, strippingGap } from './failure-reason.js'
import { findSyntaxError } from './find-syntax-error.js'
import { type TypeScriptLoader, withTypeScript } from './typescript-loader.js'

/** Imports a module of the user's: JavaScript as it is, TypeScript of either decorator flavour without a build step. */
export async function loadModule(fileOrUrl: string, workingDir = process.cwd()): Promise<Record<string, unknown>> {
  const file = fileOrUrl.startsWith('file:') ? fileURLToPath(fileOrUrl) : fileOrUrl
  if (!/\.(?:[cm]?ts|tsx)$/.test(file)) return importFile(file, undefined)
  return withTypeScript(file, workingDir, (loader) => importFile(file, loader))
}

async function importFile(file: string, loader: TypeScriptLoader | undefined): Promise<Record<string, unknown>> {
  if (loader === 'none') throw loaderMissing(file, 'it knows no TypeScript, and tsx was not found')
  try {
    return (await import(pathToFileURL(file).href)) as Record<string, unknown>
  } catch (thrown) {
    throw explainFailure(thrown, file, loader)
  }
}

function explainFailure(thrown: unknown, file: string, loader: TypeScriptLoader | undefined): unknown {
  if (isOwnVerdict(thrown)) return thrown
  const location = locateSyntaxError(thrown, file, loader)
  const gap = loader === 'native' ? strippingGap(thrown, location, existsAtUrl) : undefined
  if (gap !== undefined) return loaderMissing(file, gap, thrown)
  const reason = failureReason(thrown, location)
  return createError('EKB_ERR_IDENTIFIER_LOAD_FAILED', { file, reason }, { cause: thrown })
}

/** A service that is declared wrongly says so itself, better than "failed to load" would. */
function isOwnVerdict(thrown: unknown): boolean {
  return (
    isServiceError(thrown) && /^EKB_ERR_(?:SERVICE|IDENTIFIER|GRAPH|PLAN|CONFIG|VERSION|NOT_IN_THIS)_/.test(thrown.code)
  )
}

function loaderMissing(file: string, reason: string, cause?: unknown): Error {
  const options = cause === undefined ? {} : { cause }
  return createError('EKB_ERR_IDENTIFIER_LOADER_MISSING', { file, node: process.version, reason }, options)
}

function locateSyntaxError(
  thrown: unknown,
  file: string,
  loader: TypeScriptLoader | undefined,
): SourceLocation | undefined {
  if (!isErrorLike(thrown) || thrown.name !== 'SyntaxError') return undefined
  const printed = parseLocation(thrown.stack)
  if (printed !== undefined) return printed
  // Thrown by running code (JSON.parse, new RegExp), its stack leads there; by the loader itself, nowhere.
  const firstFrame =
    String(thrown.stack)
      .split('\n')
      .find((line) => /^\s+at /.test(line)) ?? ''
  if (!firstFrame.includes('node:internal/modules/')) return undefined
  const found = findSyntaxError(file)
  // What only Node itself cannot read: the loader that ran could, and the fault is in another file.
  if (found?.character === '@' && (loader === 'tsx' || loader === 'active')) return undefined
  if (found !== undefined) {
    const stack = `${found.file}:${found.line}\n${found.excerpt}\n\n${thrown.stack}`
    Object.defineProperty(thrown, 'stack', { value: stack, configurable: true, writable: true })
  }
  return found
}

function existsAtUrl(url: string): boolean {
  return url.startsWith('file:') && existsSync(fileURLToPath(url))
}
