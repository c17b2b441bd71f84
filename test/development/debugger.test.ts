/** `--inspect` in development mode: a debugger attaches to the process that runs the code, however it was started. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { json } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { greets, save, stops } from '../helpers/reloading.js'
import { runNodeToEnd } from '../helpers/run-node.js'
import { call, EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { freePort } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

const ANSWER = '{ own: process.pid, words }'
const SERVICE = `
import { defineService } from '@ekiben/core'
import { words } from './words.js'
export const Greeter = defineService(class Greeter { async greet() { return ${ANSWER} } }, { apis: { greet: {} } })
`
const LISTENER = `(request, response) => { request.resume(); response.end(JSON.stringify(${ANSWER})) }`
const APP = `
import { createServer } from 'node:http'
import { words } from './words.js'
createServer(${LISTENER}).listen(process.env.PORT)
`
const OPTIONS = "port: 0, logFormat: 'json', inspect: process.env.DEBUGGER, reload: process.env.RELOADED === 'yes'"
const BOOTSTRAP = `
import { bootstrapProduction } from '@ekiben/core'
import { words } from './words.js'
await bootstrapProduction(() => ${LISTENER}, { ${OPTIONS} })
`
const FROM_CODE = `
import { serveHttpProduction } from '@ekiben/core/serving'
const development = process.env.NODE_ENV !== 'production'
await serveHttpProduction({ identifier: 'service:Greeter', developmentMode: development, handleSignals: true, ${OPTIONS} })
`
const wordsJs = (text: string): string => `export const words = '${text}'\n`
const FILES = {
  'package.json': { name: 'app', type: 'module' },
  'words.js': wordsJs('first'),
  'service.js': SERVICE,
  'app.js': APP,
  'bootstrap.js': BOOTSTRAP,
  'code.js': FROM_CODE,
}
const FLAGS = ['--development', '--port', '0', '--log-format', 'json']

/** What each is started with, without reload. */
const WAYS: Readonly<Record<string, (address: string) => readonly string[]>> = {
  'ekiben serve': (address) => [EKIBEN, 'serve', 'service:Greeter', ...FLAGS, `--inspect=${address}`],
  'ekiben run': (address) => [EKIBEN, 'run', 'app.js', ...FLAGS, `--inspect=${address}`],
  bootstrapProduction: () => ['bootstrap.js'],
  serveHttpProduction: () => ['code.js'],
}

interface Seen {
  readonly own: number
  readonly words: string
}

describe('a debugger in development mode', () => {
  for (const [name, argsFor] of Object.entries(WAYS)) {
    it(`attaches to the process that runs the code of ${name}`, async () => {
      await using project = await projectFolder(FILES)
      const address = `127.0.0.1:${await freePort()}`
      const env = { NODE_ENV: undefined, DEBUGGER: address }
      await using run = await startServing(argsFor(address), { cwd: project.path, env })
      const { own } = (await call<Seen>(run.url, 'greet')).body
      assert.equal(await evaluate(address), own)
      assert.notEqual(own, run.pid)
      await stops(run)
    })
  }

  for (const [name, argsFor] of Object.entries(WAYS)) {
    it(`finds the same address after each restart of ${name}`, async () => {
      await using project = await projectFolder(FILES)
      const address = `127.0.0.1:${await freePort()}`
      const isCommand = name.startsWith('ekiben')
      const args = [...argsFor(address), ...(isCommand ? ['--reload'] : [])]
      const env = { NODE_ENV: undefined, DEBUGGER: address, RELOADED: 'yes' }
      await using run = await startServing(args, { cwd: project.path, env })
      const first = await greets<Seen>(run, 'first')
      assert.equal(await evaluate(address), first.own)
      assert.notEqual(first.own, run.pid)
      for (const text of ['second', 'third']) {
        await save(project, 'words.js', wordsJs(text))
        const { own } = await greets<Seen>(run, text)
        assert.equal(await evaluate(address), own)
        assert.notEqual(own, first.own)
      }
      await stops(run)
    })
  }

  it('is refused in production from code too', async () => {
    await using project = await projectFolder(FILES)
    const env = { NODE_ENV: 'production', DEBUGGER: '127.0.0.1:9230' }
    for (const main of ['bootstrap.js', 'code.js']) {
      const { code, stderr } = await runNodeToEnd([main], { cwd: project.path, env })
      assert.match(stderr, /EKB_ERR_INSPECT_PRODUCTION/)
      assert.match(stderr, /options in code asks for one in production/)
      assert.notEqual(code, 0)
    }
  })
})

/** The process number that a debugger reads where it attaches, over a WebSocket. */
async function evaluate(address: string): Promise<number> {
  // On a connection of its own: one that was kept is that of a process which is gone.
  const [answer] = (await once(get(`http://${address}/json/list`, { agent: false }), 'response')) as [IncomingMessage]
  const [target] = (await json(answer)) as [{ webSocketDebuggerUrl: string }]
  const { hostname, port, pathname } = new URL(target.webSocketDebuggerUrl)
  const socket = connect(Number(port), hostname)
  await once(socket, 'connect')
  const head = ['Upgrade: websocket', 'Connection: Upgrade', 'Sec-WebSocket-Version: 13', `Host: ${address}`]
  const key = 'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=='
  socket.write(`GET ${pathname} HTTP/1.1\r\n${[...head, key].join('\r\n')}\r\n\r\n`)
  let received = Buffer.alloc(0)
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
  })
  await waitUntil(() => received.includes('\r\n\r\n'), { timeoutMs: 30_000, describe: 'the upgrade' })
  assert.match(received.toString('latin1'), /^HTTP\/1\.1 101/)
  received = Buffer.alloc(0)
  socket.write(textFrame(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'process.pid' } })))
  await waitUntil(() => received.includes('"id":1'), {
    timeoutMs: 30_000,
    describe: () => `an answer, got ${received.toString()}`,
  })
  socket.destroy()
  return Number(/"value":(\d+)/.exec(received.toString())?.[1])
}

/** A short text from a client, which masks what it sends: here with zeroes. */
function textFrame(text: string): Buffer {
  const body = Buffer.from(text)
  assert.ok(body.length < 126)
  return Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body])
}
