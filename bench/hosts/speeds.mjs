import { cpus } from 'node:os'
import { connectEachLoad, lastingLoad } from '../http/load.mjs'

/**
 * Requests/s and the 99th percentile in ms: over connections that are kept, and with a connection for each request; and
 * for how much of that time, in per cent, processors had nothing to do: who leaves much of it could have been asked more.
 */
export async function measureBoth({ port }, { clients: connections, lasting, each }) {
  const [kept, keptIdle] = await withIdle(() => lastingLoad({ port, connections, ...lasting }))
  const [connected, idle] = await withIdle(() => connectEachLoad({ port, connections, ...each }))
  const { rate, p99: keptP99 = Number.NaN } = kept
  return { kept: rate, keptP99, keptIdle, connected: connected.rate, p99: connected.p99, idle }
}

async function withIdle(run) {
  const before = processorTimes()
  const result = await run()
  const after = processorTimes()
  return [result, (100 * (after.idle - before.idle)) / (after.all - before.all)]
}

/** Of all processors together, since the machine started. */
function processorTimes() {
  const times = cpus().flatMap(({ times }) => Object.entries(times))
  const sum = (entries) => entries.reduce((total, [, ms]) => total + ms, 0)
  return { idle: sum(times.filter(([kind]) => kind === 'idle')), all: sum(times) }
}
