import { resolve } from 'node:path'
import type { ServiceClass, ServiceDefinition } from '../service/service-definition.js'
import { loadModule } from './load-module.js'
import { locateModule } from './locate-module.js'
import { selectService } from './select-service.js'

export interface ResolveServiceOptions {
  /** Where relative paths and package names are looked up. Default: the current directory. */
  readonly workingDir?: string
}

/**
 * The service class that an identifier names.
 *
 * @example const TextClassifier = await resolveService('./src/service.ts:TextClassifier')
 */
export async function resolveService(identifier: string, options: ResolveServiceOptions = {}): Promise<ServiceClass> {
  const { definition } = await resolveDefinition(identifier, resolve(options.workingDir ?? '.'))
  return definition.target
}

/** What an identifier leads to. @internal */
export interface ResolvedDefinition {
  readonly definition: ServiceDefinition
  /** The module that exports it. */
  readonly file: string
}

/** The definition that an identifier names, and the file it was found in. @internal */
export async function resolveDefinition(identifier: string, workingDir: string): Promise<ResolvedDefinition> {
  const { file, exportName } = locateModule(identifier, workingDir)
  const namespace = await loadModule(file, workingDir)
  return { definition: selectService({ file, namespace }, exportName), file }
}
