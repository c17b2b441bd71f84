/**
 * Clients in a process of their own, so that what they measure is the server and not each other's callers. Takes
 * `{ target, clients: { profile: number } }` as its first message, `stop` as its second; answers `started`, then the report.
 */
import { once } from 'node:events'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { Client } from './client.mjs'
import { PROFILES } from './profiles.mjs'
import { startRelay } from './relay.mjs'
import { Tally } from './tally.mjs'

const LATENCY_MS = 20

// Whoever started it is gone.
process.on('disconnect', () => process.exit(1))

const [{ target, clients: counts }] = await once(process, 'message')
const loop = monitorEventLoopDelay({ resolution: 5 })
loop.enable()
const tally = new Tally()
const needsRelay = Object.keys(counts).some((name) => PROFILES[name].relay)
const relay = needsRelay ? await startRelay(target, LATENCY_MS) : undefined
const clients = Object.entries(counts).flatMap(([name, count]) => {
  const profile = PROFILES[name]
  // To the relay a connection is opened at once; what is asked goes there and comes back.
  const way = profile.relay ? { target: relay, latencyMs: 2 * LATENCY_MS } : { target, latencyMs: 0 }
  return Array.from({ length: count }, () => new Client({ name, profile, tally, ...way }))
})
const done = Promise.all(clients.map((client) => client.run()))
process.send('started')
await once(process, 'message')
for (const client of clients) client.stop()
await done
// For so long it may have stood still itself, which is no matter of the server.
process.send({ ...tally.report(), loopDelayMs: loop.max / 1e6 }, () => process.exit(0))
