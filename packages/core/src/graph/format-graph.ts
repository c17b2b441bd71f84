import { hideCredentials } from '../util/parse-remote-url.js'
import type { GraphNode, ServiceGraph } from './service-graph.js'

/** Counts of workers by service, where a plan is known. */
export type WorkerCounts = Readonly<Record<string, number>>

interface Branch {
  readonly node: GraphNode | undefined
  /** The line's own text. */
  readonly label: string
  /** What stands before it. */
  readonly lead: string
  /** What stands before its children. */
  readonly indent: string
}

/** The graph as a tree for the terminal. A shared service is shown in full once, and named from then on. */
export function formatGraph(graph: ServiceGraph, workers: WorkerCounts = {}): string {
  const byName = new Map(graph.nodes.map((node) => [node.name, node]))
  const shown = new Set<string>()
  const lines: string[] = []
  const stack: Branch[] = [{ node: byName.get(graph.entry), label: graph.entry, lead: '', indent: '' }]
  for (let branch = stack.pop(); branch !== undefined; branch = stack.pop()) {
    const { node, label, lead, indent } = branch
    if (node === undefined) {
      lines.push(`${lead}${label}`)
    } else if (shown.has(node.name)) {
      lines.push(`${lead}${label} (shown above)`)
    } else {
      shown.add(node.name)
      lines.push(`${lead}${label}  ${describeNode(node, workers)}`)
      stack.push(...childrenOf(node, byName, indent).reverse())
    }
  }
  return `${lines.join('\n')}\n`
}

function childrenOf(node: GraphNode, byName: ReadonlyMap<string, GraphNode>, indent: string): Branch[] {
  const locals = node.dependencies.map(({ property, service, optional }) => ({
    node: byName.get(service),
    label: `${property}: ${service}${optional ? ' (optional)' : ''}`,
  }))
  const remotes = node.remotes.map(({ property, url, optional, service }) => ({
    node: undefined,
    label: `${property}: ${service === undefined ? '' : `${service} at `}${hideCredentials(url)} (elsewhere${optional ? ', optional' : ''})`,
  }))
  const children = [...locals, ...remotes]
  return children.map((child, index) => {
    const isLast = index === children.length - 1
    return { ...child, lead: `${indent}${isLast ? '└─ ' : '├─ '}`, indent: `${indent}${isLast ? '   ' : '│  '}` }
  })
}

function describeNode({ name, apis, settings }: GraphNode, workers: WorkerCounts): string {
  const count = workers[name] ?? settings.workers ?? 1
  const pool = count === 'cpu' ? 'one worker per core' : `${count} ${count === 1 ? 'worker' : 'workers'}`
  const routes = apis.map(({ name: api, route, stream }) => {
    const shownRoute = route === `/${api}` ? '' : ` (${route})`
    return `${api}${stream ? '*' : ''}${shownRoute}`
  })
  return `${pool}; apis: ${routes.join(', ') || 'none'}`
}
