/**
 * Apps under supervisors, side by side: requests/s and p99 in turns (who goes first takes turns too), all started anew
 * again and again, for how fast one and the same code is made differs by a tenth from process to process; then, one after
 * the other, the requests that fail in reloads and kills. Before anything is measured each side proves that its workers run
 * the app's own main file.
 */
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { cleanUp } from '../../chaos/cleanup.mjs'
import { inTurns } from '../http/sides.mjs'
import { middle, middleAndQuartiles, printTable } from '../report/table.mjs'
import { describeStrikes, failures, strikeBoth } from './failures.mjs'
import { proveMain } from './prove-main.mjs'
import { measureBoth } from './speeds.mjs'
import { OURS, WORKERS } from './supervisors.mjs'

/** So many that no processor has to wait for them: with 32, a seventh of their time was unused beside us, and less beside others. */
const CLIENTS = 128

/** From the command line: what is compared by name, and how. `--times 0` leaves out what fails, `--starts 0` the speeds. */
export function readSettings({ starts, smokeTimes = 1 }) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      smoke: { type: 'boolean', default: false },
      starts: { type: 'string', default: String(starts) },
      rounds: { type: 'string', default: '2' },
      times: { type: 'string', default: '10' },
      clients: { type: 'string', default: String(CLIENTS) },
    },
  })
  const { smoke } = values
  return {
    named: positionals,
    isSmoke: smoke,
    starts: smoke ? 1 : Number(values.starts),
    rounds: smoke ? 1 : Number(values.rounds),
    // Connections that are kept are shared out among the workers first.
    load: {
      clients: Number(values.clients),
      lasting: smoke ? { settleSeconds: 0, seconds: 1 } : { settleSeconds: 2, seconds: 2 },
      each: smoke ? { settleSeconds: 0, seconds: 1 } : { settleSeconds: 1, seconds: 2 },
    },
    strikes: smoke
      ? { times: smokeTimes, thinkMs: 200, requestMs: 2_000, settleMs: 300 }
      : { times: Number(values.times), thinkMs: 2_000, requestMs: 15_000, settleMs: 3_000 },
  }
}

/** Compares `sides`, `{ name, supervisor, start, main, args }`, the first of which is ours, and prints the table. */
export async function compareSides(title, sides, settings) {
  try {
    const rounds = []
    for (let index = 0; index < settings.starts; index++) rounds.push(...(await takeStart(title, sides, settings)))
    const struck = new Map()
    if (settings.strikes.times > 0) {
      for (const side of sides) struck.set(side.name, await takeStrikes(title, side, settings))
    }
    report({ title, sides, rounds, struck, settings })
    const lost = sides.filter(({ name, supervisor }) => supervisor === OURS && failsInReloads(struck.get(name)))
    if (lost.length > 0 && !settings.isSmoke) process.exitCode = 1
  } finally {
    await cleanUp()
  }
}

async function takeStart(title, sides, { rounds, load }) {
  const running = []
  try {
    for (const side of sides) running.push(await startSide(title, side))
    // The optimiser's first seconds are not what production looks like.
    for (const side of running) await measureBoth(side, load)
    return await inTurns(running, rounds, (side) => measureBoth(side, load))
  } finally {
    for (const { end } of running) await end()
  }
}

function failsInReloads(books) {
  return books !== undefined && failures(books.reloads) > 0
}

/** Undefined: a peer that could not go through it. */
async function takeStrikes(title, side, { strikes }) {
  const { server, end } = await startSide(title, side)
  try {
    const { reloads, kills } = await strikeBoth(server, strikes)
    console.log(`${title}, ${side.name}, reloads: ${describeStrikes(reloads)}`)
    if (kills === undefined)
      console.log(`${title}, ${side.name}, SIGKILLs: its workers are threads, none can be killed`)
    else console.log(`${title}, ${side.name}, SIGKILLs: ${describeStrikes(kills)}`)
    return { reloads, kills }
  } catch (error) {
    if (side.supervisor === OURS) throw error
    console.log(`${title}, ${side.name}: what fails is not measured: ${error.message.split('\n')[0]}`)
    return undefined
  } finally {
    await end()
  }
}

async function startSide(title, { name, start, main, args }) {
  const folder = await mkdtemp(join(tmpdir(), 'ekiben-bench-'))
  const token = randomUUID()
  const server = await start({ main, args, folder, env: { BENCH_TOKEN: token } })
  const end = async () => {
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const route = args.includes('mounted') ? 'mounted' : 'by hand'
    await proveMain(`${title}, ${name}`, { port: server.port, main, token, route, workers: WORKERS })
  } catch (error) {
    await end()
    throw error
  }
  return { name, port: server.port, server, end }
}

function report({ title, sides, rounds, struck, settings }) {
  const { starts, strikes } = settings
  const ours = sides[0].name
  const rows = sides.map(({ name }) => [
    name,
    ...speedCells(rounds, { name, ours, rate: 'kept', p99: 'keptP99', idle: 'keptIdle' }),
    ...speedCells(rounds, { name, ours, rate: 'connected', p99: 'p99', idle: 'idle' }),
    ...lossCells(struck.get(name)),
  ])
  const measured = `${starts} starts of ${settings.rounds} rounds, medians, with the quartiles of the ratios`
  console.log(`\nNode ${process.versions.node}, ${WORKERS} workers each, ${settings.load.clients} clients, ${measured}`)
  const [kept, connected] = ['kept connections', 'a connection each'].map((how) => [
    `requests/s, ${how}`,
    'p99, ms',
    'idle, %',
    `${ours} / this`,
  ])
  printTable([title, ...kept, ...connected, `failed in ${strikes.times} reloads`, `in ${strikes.times} SIGKILLs`], rows)
  if (rounds.length > 0) reportSupervisors(sides, rounds)
}

function speedCells(rounds, { name, ours, rate, p99, idle }) {
  if (rounds.length === 0) return ['', '', '', '']
  const each = (key) => rounds.map((round) => round[name][key])
  const compared = name === ours ? '' : ratio(rounds, [ours, name], rate)
  return [middle(each(rate), 0), middle(each(p99), 1), middle(each(idle), 0), compared]
}

function lossCells(books) {
  if (books === undefined) return ['', '']
  return [books.reloads, books.kills].map((lost) => (lost === undefined ? '–' : `${failures(lost)} of ${lost.sent}`))
}

/** What another app of ours, such as a route by hand, gains over the peers by its supervisor alone. */
function reportSupervisors([, ...others], rounds) {
  const peers = others.filter(({ supervisor }) => supervisor !== OURS)
  for (const { name } of others.filter(({ supervisor }) => supervisor === OURS)) {
    for (const peer of peers) {
      const of = (rate) => ratio(rounds, [name, peer.name], rate)
      console.log(`${name} / ${peer.name}: kept connections ${of('kept')}, a connection each ${of('connected')}`)
    }
  }
}

function ratio(rounds, [name, other], key) {
  return middleAndQuartiles(rounds.map((round) => round[name][key] / round[other][key]))
}
