import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, type IncomingMessage, request } from 'node:http'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const CLIENTS = 16
/** Keeps an event loop busy with so many clients, however slow they are. */
const SPIN = 'for (const until = performance.now() + 20; performance.now() < until; );'

const SERVICE = `
import { defineService } from '@ekiben/core'
export const Busy = defineService(class Busy { spin() { ${SPIN} return process.pid } }, { apis: { spin: {} } })
`
const APP = `
import { createServer } from 'node:http'
createServer((request, response) => { request.resume(); ${SPIN} response.end(String(process.pid)) }).listen(process.env.PORT)
`

/** Clients that ask on and on, each on a connection that it keeps for as long as it may. */
function lastingClients(url: string) {
  const answeredBy: string[] = Array.from({ length: CLIENTS }, () => '')
  const failed: string[] = []
  let isGoing = true
  const client = async (index: number): Promise<void> => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    while (isGoing) {
      try {
        answeredBy[index] = await ask(url, agent)
      } catch (error) {
        failed.push(String(error))
      }
    }
    agent.destroy()
  }
  const running = answeredBy.map((_, index) => client(index))
  const stop = async (): Promise<readonly string[]> => {
    isGoing = false
    await Promise.all(running)
    return failed
  }
  return {
    /** How many were last answered by each process, the most first. */
    shares: (): number[] => countEach(answeredBy).toSorted((a, b) => b - a),
    stop,
    [Symbol.asyncDispose]: async (): Promise<void> => void (await stop()),
  }
}

function countEach(values: readonly string[]): number[] {
  const counts = new Map<string, number>()
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1)
  return [...counts.values()]
}

function ask(url: string, agent: Agent): Promise<string> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json' }
    const sent = request(url, { method: 'POST', headers, agent }, (answer) => {
      text(answer).then((body) => (answer.statusCode === 200 ? resolve(body) : reject(new Error(body))), reject)
    })
    sent.on('error', reject)
    sent.end('{}')
  })
}

describe('workers who share clients that stay connected', () => {
  for (const [what, args, route] of [
    ['a service', ['serve', 'busy.mjs'], '/spin'],
    ['an app', ['run', 'app.mjs', '--name', 'Busy'], '/'],
  ] as const) {
    it(`get an equal part of them, of ${what}, also when one comes later`, async () => {
      await using project = await projectFolder({
        'package.json': { type: 'module' },
        'busy.mjs': SERVICE,
        'app.mjs': APP,
      })
      const flags = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--instance', 'busy']
      await using run: ServingCommand = await startServing([EKIBEN, ...args, ...flags], { cwd: project.path })
      await using clients = lastingClients(run.url + route)
      await waitUntil(() => clients.shares()[0] === CLIENTS, { describe: 'one worker has all clients' })
      const { code, stderr } = await runNodeToEnd([EKIBEN, 'scale', 'Busy=2', '--instance', 'busy'], {
        runtimeDir: run.runtimeDir,
      })
      assert.equal(code, 0, stderr)
      await waitUntil(() => (clients.shares()[1] ?? 0) >= CLIENTS / 2 - 1, { describe: 'both workers have clients' })
      assert.deepEqual(await clients.stop(), [])
      assert.equal(await run.stop(), 0)
    })
  }

  it('keep those that came to an address of their own', async () => {
    await using project = await projectFolder({ 'package.json': { type: 'module' }, 'app.mjs': APP })
    const flags = ['--port', '0', '--host', '127.0.0.1', '--api-workers', '2', '--worker-listen', 'unix:{slot}.sock']
    await using run = await startServing([EKIBEN, 'run', 'app.mjs', ...flags, '--log-format', 'json'], {
      cwd: project.path,
    })
    const socketPath = join(project.path, '0.sock')
    const askOften = async (): Promise<readonly (string | undefined)[]> => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 })
      const said: (string | undefined)[] = []
      // Longer than a heartbeat each, with all the others before it.
      for (let count = 0; count < 6; count++) {
        const [answer] = (await once(request({ socketPath, agent, method: 'POST' }).end(), 'response')) as [
          IncomingMessage,
        ]
        await text(answer)
        said.push(answer.headers.connection)
      }
      agent.destroy()
      return said
    }
    const said = await Promise.all(Array.from({ length: CLIENTS }, askOften))
    assert.deepEqual(new Set(said.flat()), new Set(['keep-alive']))
    assert.equal(await run.stop(), 0)
  })
})
