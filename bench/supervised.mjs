/**
 * The same Fastify app, by its own main file, in two workers: under `ekiben run`, under plain node:cluster, under PM2's
 * cluster mode, and under Watt (where its workers are threads) on a Node that runs it. Requests/s and p99 with keep-alive and
 * with a connection for each request, and the requests that fail in ten reloads and in ten SIGKILLs of a worker;
 * hosts/compare.mjs says how. About twelve minutes by default.
 *
 *     node bench/supervised.mjs [--smoke] [--starts N] [--rounds N] [--times N] [--clients N]
 *
 * Targets: with keep-alive at least equal to each peer, with a connection for each request at least 1.5 times; none of our
 * requests fails in reloads.
 */
import { fileURLToPath } from 'node:url'
import { compareSides, readSettings } from './hosts/compare.mjs'
import { findSupervisors } from './hosts/supervisors.mjs'

const main = fileURLToPath(new URL('hosts/app.mjs', import.meta.url))

const settings = readSettings({ starts: 5 })
const sides = Object.entries(await findSupervisors()).map(([name, start]) => {
  return { name, supervisor: name, start, main, args: [] }
})
await compareSides('Fastify', sides, settings)
