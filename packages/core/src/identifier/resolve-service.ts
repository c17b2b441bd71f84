import { resolve } from 'node:path'
import type { ServiceClass, ServiceDefinition } from '../service/service-definition.js'
import { loadModule } from './load-module.js'
import { type LocatedModule, locateModule } from './locate-module.js'
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
export interface ResolvedDefinition extends LocatedModule {
  readonly definition: ServiceDefinition
}

/** The definition that an identifier names, and the file it was found in; `located`: where it is known to be. @internal */
export async function resolveDefinition(
  identifier: string,
  workingDir: string,
  located: LocatedModule = locateModule(identifier, workingDir),
): Promise<ResolvedDefinition> {
  const { file, exportName } = located
  const namespace = await loadModule(file, workingDir)
  return { definition: selectService({ file, namespace }, exportName), file, exportName }
}
