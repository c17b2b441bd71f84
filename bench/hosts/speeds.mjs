import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { lastingLoad } from '../http/load.mjs'

const run = promisify(execFile)
const CONNECT_EACH = fileURLToPath(new URL('connect-each.mjs', import.meta.url))

/** Requests/s and the 99th percentile in ms: over connections that are kept, and with a connection for each request. */
export async function measureBoth({ port }, { clients, lasting, each }) {
  const { rate: kept, p99: keptP99 = Number.NaN } = await lastingLoad({ port, connections: clients, ...lasting })
  const { stdout } = await run(
    process.execPath,
    [CONNECT_EACH, port, each.seconds, clients, each.settleSeconds].map(String),
  )
  const [connected, p99] = stdout.split(' ').map(Number)
  return { kept, keptP99, connected, p99 }
}
