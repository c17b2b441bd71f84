import { createError } from '../errors/service-error.js'

interface LevelNode {
  readonly name: string
  readonly dependencies: readonly { readonly service: string }[]
}

/** The level of each service: 0 when it needs no other, else one above the highest it depends on. */
export function topoLevels(nodes: readonly LevelNode[]): Map<string, number> {
  const levels = new Map<string, number>()
  const missing = new Map(
    nodes.map(({ name, dependencies }) => [name, new Set(dependencies.map((edge) => edge.service))]),
  )
  const dependents = collectDependents(nodes)
  let ready = nodes.filter(({ dependencies }) => dependencies.length === 0).map(({ name }) => name)
  for (let level = 0; ready.length > 0; level++) {
    const next: string[] = []
    for (const name of ready) {
      levels.set(name, level)
      for (const dependent of dependents.get(name) ?? []) {
        const waitsFor = missing.get(dependent)
        if (waitsFor?.delete(name) === true && waitsFor.size === 0) next.push(dependent)
      }
    }
    ready = next
  }
  if (levels.size < nodes.length) throw unreachedError(nodes, levels)
  return levels
}

function collectDependents(nodes: readonly LevelNode[]): Map<string, string[]> {
  const dependents = new Map<string, string[]>()
  for (const { name, dependencies } of nodes) {
    for (const { service } of dependencies) {
      const known = dependents.get(service)
      if (known === undefined) dependents.set(service, [name])
      else known.push(name)
    }
  }
  return dependents
}

/** A graph from elsewhere (over a channel, from a file) may be broken although `buildGraph` makes none such. */
function unreachedError(nodes: readonly LevelNode[], levels: ReadonlyMap<string, number>): Error {
  const known = new Map(nodes.map((node) => [node.name, node]))
  const path: string[] = []
  let node = nodes.find(({ name }) => !levels.has(name))
  while (node !== undefined && !path.includes(node.name)) {
    path.push(node.name)
    const waitsFor = node.dependencies.find(({ service }) => !levels.has(service))
    if (waitsFor === undefined) break
    if (!known.has(waitsFor.service)) {
      const received = `'${waitsFor.service}', which is not in the graph`
      return createError('EKB_ERR_GRAPH_DEPENDENCY_UNKNOWN', {
        service: node.name,
        property: waitsFor.service,
        received,
      })
    }
    node = known.get(waitsFor.service)
  }
  const again = node?.name ?? ''
  return createError('EKB_ERR_GRAPH_CYCLE', { path: [...path.slice(path.indexOf(again)), again] })
}
