import { fileURLToPath } from 'node:url'
import { makeProject } from '../deploys.mjs'
import { startLoad } from '../load/start-load.mjs'
import { descriptorsOf, hasProc } from '../proc.mjs'
import { startEkiben } from '../servers/ekiben.mjs'

const HOOK = fileURLToPath(new URL('../services/heap-hook.cjs', import.meta.url))
const CLIENTS = { newConnection: 2, poster: 1 }
const MEGABYTE = 2 ** 20
/** Before the first figures: what is loaded and compiled at the first reload stays. */
const WARM_UP = 3

/** Reload after reload: does the supervisor keep anything? */
export async function manyReloads({ quick, current, results }) {
  if (!hasProc) {
    results.skip('reloads leave the supervisor as it was', 'needs /proc')
    return
  }
  const reloads = quick ? 10 : 100
  const project = await makeProject()
  const flags = ['--set', 'minReadyMs=50']
  const server = await startEkiben({ node: current.binary, project, flags, nodeArgs: ['--require', HOOK] })
  for (let at = 0; at < WARM_UP; at++) await server.reload('signal')
  await server.atRest()
  const before = await measure(server)
  const load = await startLoad(server.port, CLIENTS)
  for (let at = 0; at < reloads; at++) {
    const reason = await server.reload('signal')
    if (reason !== undefined) throw new Error(`reload ${at} was refused: ${reason}`)
  }
  const report = await load.stop()
  // Old workers leave when their last connection has: their channels are among the descriptors until then.
  await server.atRest()
  const after = await measure(server)
  await server.stop()
  await project.remove()
  const grownBytes = after.heapBytes - before.heapBytes
  const descriptors = `${before.descriptors} before, ${after.descriptors} after`
  const heap = `${(before.heapBytes / MEGABYTE).toFixed(2)} MB before, ${(after.heapBytes / MEGABYTE).toFixed(2)} MB after`
  const events = `${reloads} reloads`
  const note = `descriptors ${descriptors}; heap ${heap}`
  const row = { scenario: 'many reloads', server: server.name, node: current.version, events }
  results.row({ ...row, report, note, odd: report.failures })
  results.target(
    `${reloads} reloads leave the supervisor's descriptors as they were`,
    after.descriptors <= before.descriptors,
    descriptors,
  )
  results.target('and its heap after collection within 1 MB', grownBytes <= MEGABYTE, heap)
  results.target(
    `and no request fails in ${reloads} reloads`,
    report.failed === 0,
    `${report.failed} of ${report.sent}`,
  )
}

async function measure(server) {
  const { mark } = server
  server.signal('SIGUSR2')
  const { heapUsed } = await server.until((line) => line.event === 'heap', { mark, what: 'the heap figure' })
  return { heapBytes: heapUsed, descriptors: await descriptorsOf(server.pid) }
}
