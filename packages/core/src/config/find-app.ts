import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { basename, dirname, join, resolve } from 'node:path'
import { createError } from '../errors/service-error.js'
import type { AppToRun, ServeSettings } from './serve-settings.js'
import { typescriptFlags } from './typescript-flags.js'

export interface AppLookup extends Pick<ServeSettings, 'workingDir' | 'name' | 'appPort' | 'ready'> {
  readonly args: readonly string[]
  readonly bindsAsked: boolean
}

/** The host app whose main file this is, found as Node finds what it is started with. */
export function findApp(main: string, { workingDir, name, args, appPort, bindsAsked, ready }: AppLookup): AppToRun {
  const path = resolve(workingDir, main)
  const file = findMain(path)
  if (file === undefined)
    throw createError('EKB_ERR_IDENTIFIER_NOT_FOUND', { identifier: main, tried: [path], near: [] })
  return {
    name: name ?? appName(file),
    main: file,
    args,
    appPort,
    bindsAsked,
    ready,
    // An app that runs already runs with what it needs.
    nodeArgs: bindsAsked ? typescriptFlags(file) : [],
  }
}

/** What an app is called that nobody has given a name: as its package, without the scope; else as its main file. */
export function appName(file: string): string {
  return packageName(dirname(file)) ?? nameOf(file)
}

function findMain(path: string): string | undefined {
  try {
    return createRequire(path).resolve(path)
  } catch {
    return undefined
  }
}

/** Of the package that the file is in, without its scope. */
function packageName(folder: string): string | undefined {
  try {
    const { name } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { name?: unknown }
    if (typeof name === 'string') return name.replace(/^@[^/]*\//, '').replace(/[^\w.-]/g, '-')
  } catch {
    // Not here.
  }
  const above = dirname(folder)
  return above === folder ? undefined : packageName(above)
}

function nameOf(file: string): string {
  return basename(file)
    .replace(/\.\w+$/, '')
    .replace(/[^\w.-]/g, '-')
}
