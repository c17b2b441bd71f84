/**
 * What does a mounted service cost where an app is served in production? One app in two workers of `ekiben run`, whose one
 * route is a service's; against the same written by hand in the same framework, in as many workers of `ekiben run`, of plain
 * node:cluster, of PM2's cluster mode, and of Watt (threads) on a Node that runs it. Requests/s and p99 with keep-alive and
 * with a connection for each request, and the requests that fail in ten reloads and in ten SIGKILLs of a worker;
 * hosts/compare.mjs says how. About a quarter of an hour a framework by default.
 *
 *     node bench/adapters-supervised.mjs [FRAMEWORK...] [--smoke] [--starts N] [--rounds N] [--times N] [--clients N]
 *
 * Targets: at least 0.95 of the route by hand under `ekiben run`; with keep-alive at least equal to each peer, with a
 * connection for each request at least 1.5 times node:cluster and PM2; none of our requests fails in reloads.
 */
import { compareSides, readSettings } from './hosts/compare.mjs'
import { findSupervisors, OURS } from './hosts/supervisors.mjs'
import { FRAMEWORKS, serverFile } from './http/sides.mjs'

/** The smoke of bench/supervised.mjs shows that what fails is counted. */
const settings = readSettings({ starts: 6, smokeTimes: 0 })
/** That of bench/adapters.mjs, that the apps of all frameworks run. */
const usual = settings.isSmoke ? ['fastify'] : FRAMEWORKS
const supervisors = await findSupervisors()
for (const framework of settings.named.length > 0 ? settings.named : usual) {
  await compareSides(framework, sidesOf(serverFile(framework)), settings)
}

function sidesOf(main) {
  const mounted = { name: 'mounted', supervisor: OURS, start: supervisors[OURS], main, args: ['mounted'] }
  const byHand = Object.entries(supervisors).map(([supervisor, start]) => {
    return { name: `by hand, ${supervisor}`, supervisor, start, main, args: ['hand'] }
  })
  return [mounted, ...byHand]
}
