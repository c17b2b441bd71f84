import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'
import { createError } from '../errors/service-error.js'

const TYPESCRIPT = /\.(?:[cm]?ts|tsx)$/

const COMPILERS = /--(?:import|require)[= ]\S*(?:tsx|ts-node|swc|esbuild|jiti|oxc|babel|sucrase|amaro)/

/**
 * The flags with which Node runs a main file in TypeScript: none where a loader was given already, tsx where the app has
 * it, none where Node strips types by itself. Throws EKB_ERR_IDENTIFIER_LOADER_MISSING for the rest.
 */
export function typescriptFlags(main: string): readonly string[] {
  if (!TYPESCRIPT.test(main) || hasLoader()) return []
  try {
    return ['--import', pathToFileURL(createRequire(main).resolve('tsx')).href]
  } catch {
    const { typescript } = process.features as { typescript?: unknown }
    if (typeof typescript === 'string') return []
    const reason = 'it knows no TypeScript, and tsx was not found'
    throw createError('EKB_ERR_IDENTIFIER_LOADER_MISSING', { file: main, node: process.versions.node, reason })
  }
}

/** A flag that workers take over; what is loaded beforehand may be for something else, such as traces. */
function hasLoader(): boolean {
  const flags = `${process.execArgv.join(' ')} ${process.env.NODE_OPTIONS ?? ''}`
  return /--(?:experimental-)?(?:loader|transform-types)\b/.test(flags) || COMPILERS.test(flags)
}
