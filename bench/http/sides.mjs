/**
 * Two or more servers that are compared under load: each in a process of its own on a socket of the supervisor's
 * kind, with a load of its own. A shared machine's speed shifts by half within a second, so they take turns of a
 * fraction of one (the other's load is stopped meanwhile), and what counts is the median of the rounds' ratios.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { startLoad } from './load.mjs'

const require = createRequire(import.meta.url)
const { openListenSocket } = require('../../packages/core/build/supervisor/listen-socket.js')

/** Those with a server here, FRAMEWORK-server.mjs, of one route by hand or mounted. */
export const FRAMEWORKS = ['express', 'fastify', 'nest-express', 'nest-fastify']
/** The file of a server, by its name here. */
export const serverFile = (name) => fileURLToPath(new URL(`${name}-server.mjs`, import.meta.url))
/** From a load that goes on to one that is at full speed. */
const SETTLE_MS = 15
const ATTEMPTS = 5

/** A server, by the name of its file here, and its load, which is stopped until the server's turn. */
export async function startSide({ name, server: file, args = [], connections, env = {} }) {
  const { fd, port, close } = await openListenSocket({ host: '127.0.0.1', port: 0, backlog: 2048 })
  // They serve on PORT where there is one.
  const server = spawn(process.execPath, [serverFile(file), ...args], {
    env: { ...process.env, ...env, PORT: undefined },
    stdio: ['ignore', 'inherit', 'inherit', 'ipc', fd],
  })
  const exited = once(server, 'exit').then(([code]) => Promise.reject(new Error(`${name} ended with ${code}`)))
  await Promise.race([once(server, 'message'), exited])
  exited.catch(() => {})
  close()
  const load = await startLoad({ port, connections })
  // All connections are open once it answers.
  while ((await read(server)).count < connections) await sleep(10)
  load.kill('SIGSTOP')
  return { name, port, server, load }
}

export function endSides(sides) {
  for (const { server, load } of sides) {
    load.kill('SIGKILL')
    server.kill('SIGKILL')
  }
}

/** Rounds of one turn each, by name; who goes first takes turns too. */
export async function inTurns(sides, count, take) {
  const rounds = []
  for (let index = 0; index < count; index++) {
    const round = {}
    for (const side of index % 2 === 0 ? sides : sides.toReversed()) round[side.name] = await take(side)
    rounds.push(round)
  }
  return rounds
}

/** As many rounds of turns of so long. */
export function takeRounds(sides, { count, turnMs }) {
  return inTurns(sides, count, (side) => takeTurn(side, turnMs))
}

/** Requests/s, and processor time for each, of one turn. One in which the machine stood still is taken again. */
export async function takeTurn(side, ms) {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const turn = await tryTurn(side, ms)
    if (turn !== undefined) return turn
  }
  throw new Error(`${side.name} had no load`)
}

async function tryTurn({ server, load }, ms) {
  load.kill('SIGCONT')
  await sleep(Math.min(SETTLE_MS, ms))
  const before = await read(server)
  await sleep(ms)
  const after = await read(server)
  load.kill('SIGSTOP')
  const count = after.count - before.count
  if (count === 0 || load.exitCode !== null) return undefined
  return { rate: (count / (after.at - before.at)) * 1000, cpuMicros: (cpuOf(after) - cpuOf(before)) / count }
}

export function spread(numbers, digits) {
  const sorted = numbers.toSorted((a, b) => a - b)
  const at = (share) => sorted[Math.round(share * (sorted.length - 1))].toFixed(digits)
  return `median ${at(0.5)} (quartiles ${at(0.25)} to ${at(0.75)}, min ${at(0)}, max ${at(1)})`
}

/** What a server has done until now: requests, and its processor time. */
async function read(server) {
  server.send('read')
  for (;;) {
    const [reading] = await once(server, 'message')
    if (reading.at !== undefined) return reading
  }
}

function cpuOf({ user, system }) {
  return user + system
}
