import { createError } from '../errors/service-error.js'
import { describeValue, resolveTarget } from '../graph/resolve-target.js'
import { definitionOf } from '../service/registry.js'
import type { ServiceDefinition } from '../service/service-definition.js'
import { nearNames } from '../util/near-names.js'

/** A loaded module: what `import()` gave. */
export interface LoadedModule {
  /** As it is shown in errors. */
  readonly file: string
  readonly namespace: Readonly<Record<string, unknown>>
}

/** The service that a module exports under a name; without a name, the one that no other service there depends on. */
export function selectService(module: LoadedModule, exportName: string | undefined): ServiceDefinition {
  const exported = exportsOf(module.namespace)
  return exportName === undefined ? selectRoot(module.file, exported) : selectNamed(module.file, exported, exportName)
}

type Exports = ReadonlyMap<string, unknown>

/**
 * The exports by name, CommonJS made plain: there, `default` is `module.exports` itself, and not every property of it
 * is an export of its own (a loader finds them by reading the text, or not at all).
 */
function exportsOf(namespace: Readonly<Record<string, unknown>>): Exports {
  const exported = new Map<string, unknown>()
  for (const [name, value] of Object.entries(namespace)) {
    if (name !== '__esModule' && name !== 'module.exports' && name !== 'default') exported.set(name, value)
  }
  if (!('default' in namespace)) return exported
  const { default: defaultExport } = namespace
  if (typeof defaultExport !== 'object' || defaultExport === null) return exported.set('default', defaultExport)
  for (const [name, value] of Object.entries(defaultExport)) {
    if (name !== '__esModule' && !exported.has(name)) exported.set(name, value)
  }
  return exported
}

function selectNamed(file: string, exported: Exports, name: string): ServiceDefinition {
  const value = exported.get(name)
  const definition = definitionOf(value)
  if (definition !== undefined) return definition
  if (exported.has(name)) {
    throw createError('EKB_ERR_IDENTIFIER_NOT_A_SERVICE', { file, name, received: describeValue(value) })
  }
  const namedSo = [...exported].filter(([, other]) => definitionOf(other)?.name === name).map(([other]) => other)
  const near = [...new Set([...namedSo, ...nearNames(name, exported.keys())])]
  throw createError('EKB_ERR_IDENTIFIER_EXPORT_NOT_FOUND', { file, name, exports: [...exported.keys()], near })
}

function selectRoot(file: string, exported: Exports): ServiceDefinition {
  // One service under two names (`export { A, A as default }`) is one candidate; its own name is shown before default.
  const candidates = new Map<ServiceDefinition, string>()
  for (const [name, value] of exported) {
    const definition = definitionOf(value)
    if (definition === undefined) continue
    const known = candidates.get(definition)
    if (known === undefined || known === 'default') candidates.set(definition, name)
  }
  const roots = [...candidates.keys()].filter((definition) => !isNeeded(definition, candidates.keys()))
  // All of them in circles: any one leads to the error that prints the circle.
  if (roots.length === 0 && candidates.size > 0) return [...candidates.keys()][0] as ServiceDefinition
  if (roots.length !== 1) {
    throw createError('EKB_ERR_IDENTIFIER_AMBIGUOUS', {
      file,
      candidates: roots.map((definition) => candidates.get(definition) as string),
    })
  }
  return roots[0] as ServiceDefinition
}

function isNeeded(definition: ServiceDefinition, candidates: Iterable<ServiceDefinition>): boolean {
  return [...candidates].some((other) => other !== definition && reachableFrom(other).has(definition))
}

/** All that a service depends on, directly or not; what is no service is for the graph to refuse. */
function reachableFrom(root: ServiceDefinition): Set<ServiceDefinition> {
  const reached = new Set<ServiceDefinition>()
  const waiting = [root]
  for (let current = waiting.pop(); current !== undefined; current = waiting.pop()) {
    for (const { target } of Object.values(current.dependencies)) {
      const resolved = resolveTarget(target)
      if (resolved.type !== 'service' || reached.has(resolved.definition)) continue
      reached.add(resolved.definition)
      waiting.push(resolved.definition)
    }
  }
  return reached
}
