import { connectEachLoad, lastingLoad } from '../http/load.mjs'

/** Requests/s and the 99th percentile in ms: over connections that are kept, and with a connection for each request. */
export async function measureBoth({ port }, { clients: connections, lasting, each }) {
  const { rate: kept, p99: keptP99 = Number.NaN } = await lastingLoad({ port, connections, ...lasting })
  const { rate: connected, p99 } = await connectEachLoad({ port, connections, ...each })
  return { kept, keptP99, connected, p99 }
}
