import { statSync } from 'node:fs'
import { relative, resolve } from 'node:path'
import { isatty } from 'node:tty'
import { writtenWorkingDir } from '../util/written-working-dir.js'
import { layerFromData } from './layer-from-data.js'
import {
  type Environment,
  type FlagValues,
  layerFromEnvironment,
  layerFromFlags,
  layerFromPortVariable,
} from './layer-from-text.js'
import { mergeConfig } from './merge-config.js'
import { findConfig, readConfig } from './read-config.js'
import type { ServeHttpProductionOptions, ServeSettings } from './serve-settings.js'
import { readServiceManager } from './service-manager.js'
import { SettingEntries } from './setting-entries.js'
import { invalidSetting } from './setting-errors.js'
import type { SslSettings } from './ssl-settings.js'

/** Everything that settings can come from. @internal */
export interface SettingsInput {
  readonly code: ServeHttpProductionOptions | undefined
  readonly flags: FlagValues | undefined
  /** undefined: the environment is not read. */
  readonly env: Environment | undefined
  /** Look for `ekiben.config.*` in the working directory. A file named by flag, variable or code is read in any case. */
  readonly readFile: boolean
  readonly cwd: string
  /** Is stdout a terminal? Default: asked. */
  readonly terminal?: boolean
}

/** Settings of `serveHttpProduction`: neither environment nor file is read unless asked. @internal */
export function loadServeSettingsFromCode(
  options: ServeHttpProductionOptions,
  cwd = writtenWorkingDir(),
): Promise<ServeSettings> {
  return resolveServeSettings({
    code: options,
    flags: undefined,
    env: options?.readEnvironment === true ? process.env : undefined,
    readFile: options?.config === true,
    cwd,
  })
}

/** Flag > environment > code > file > PORT > default; what services declare of their own comes at the plan. @internal */
export async function resolveServeSettings(input: SettingsInput): Promise<ServeSettings> {
  const code = layerFromData(input.code, 'code', 'options in code')
  const environment = input.env === undefined ? new SettingEntries() : layerFromEnvironment(input.env)
  const flags = input.flags === undefined ? new SettingEntries() : layerFromFlags(input.flags)
  const above = [code, environment, flags]
  const workingDir = resolveWorkingDir(above, input.cwd)
  const configFile = await findConfigFile(above, workingDir, input)
  const file = configFile === undefined ? new SettingEntries() : await fileLayer(configFile, input)
  const layers = [file, ...above]
  // A PORT that makes no sense matters only where it would be used.
  const portIsSet = layers.some((layer) => layer.get('port') !== undefined)
  if (!portIsSet && input.env !== undefined) layers.unshift(layerFromPortVariable(input.env))
  const merged = mergeConfig(layers, { terminal: input.terminal ?? isatty(1) })
  const serviceManager = readServiceManager(input.env ?? {}, process.pid)
  return {
    identifier: identifierOf(input),
    workingDir,
    configFile,
    serviceManager,
    ...merged,
    ssl: merged.ssl && locateFiles(merged.ssl, input.cwd),
    // As the paths of other options, whatever the working directory is.
    uds: merged.uds && resolve(input.cwd, merged.uds),
  }
}

/** As written, so that a certificate behind a link is found anew at each reload. */
function locateFiles(ssl: SslSettings, cwd: string): SslSettings {
  const { certfile, keyfile, caCerts } = ssl
  return {
    ...ssl,
    certfile: resolve(cwd, certfile),
    keyfile: resolve(cwd, keyfile),
    caCerts: caCerts === undefined ? undefined : resolve(cwd, caCerts),
  }
}

function resolveWorkingDir(layers: readonly SettingEntries[], cwd: string): string {
  const entry = strongest(layers, 'workingDir')
  const folder = resolve(cwd, (entry?.value as string | undefined) ?? '.')
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() === true) return folder
  const source = entry?.source ?? 'default'
  throw invalidSetting(['workingDir'], source, { value: folder, expected: 'a folder that exists' })
}

/** The one that is named, or else looked for. */
async function findConfigFile(
  layers: readonly SettingEntries[],
  workingDir: string,
  { cwd, readFile }: SettingsInput,
): Promise<string | undefined> {
  const named = strongest(layers, 'config')?.value as string | undefined
  if (named !== undefined) return resolve(cwd, named)
  return readFile ? findConfig(workingDir) : undefined
}

async function fileLayer(file: string, { cwd }: SettingsInput): Promise<SettingEntries> {
  const shown = relative(cwd, file)
  return layerFromData(await readConfig(file), 'file', `file ${shown.startsWith('..') ? file : shown}`)
}

function identifierOf(input: SettingsInput): ServeSettings['identifier'] {
  const identifier: unknown = input.flags?.identifier ?? input.code?.identifier ?? '.'
  if (typeof identifier === 'function') return identifier as ServeSettings['identifier'] & object
  if (typeof identifier === 'string') return identifier
  const expected = "an identifier such as 'service:TextClassifier', or a service"
  throw invalidSetting(['identifier'], 'options in code', { value: identifier, expected })
}

function strongest(layers: readonly SettingEntries[], key: string) {
  return layers.map((layer) => layer.get(key)).findLast((entry) => entry !== undefined)
}
