import { excessConnections } from './share-connections.js'
import type { Watcher } from './watcher.js'

/** Has the workers of each service that clients are connected to share these connections; done after each heartbeat. */
export function balanceConnections(watchers: readonly Watcher[]): void {
  for (const { workers } of watchers) {
    const sharers = workers.flatMap((worker) => {
      const { connections, loopUtilization } = worker.record.vitals ?? {}
      if (worker.state !== 'ready' || connections === undefined || loopUtilization === undefined) return []
      return [{ worker, load: { connections, loopUtilization } }]
    })
    const excess = excessConnections(sharers.map(({ load }) => load))
    for (const [index, { worker }] of sharers.entries()) {
      const connections = excess[index] ?? 0
      if (connections > 0) worker.tell({ type: 'shed', connections })
    }
  }
}
