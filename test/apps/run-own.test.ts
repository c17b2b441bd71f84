import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { type IncomingMessage, type RequestOptions, request } from 'node:http'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { appVariables } from '../helpers/app-variables.js'
import { steer } from '../helpers/control-socket.js'
import { projectFolder } from '../helpers/project-folder.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { freePort } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

const APPS = resolve('test/fixtures/apps')

function runApp(app: string, flags: readonly string[], args: readonly string[] = []): Promise<ServingCommand> {
  const base = ['run', `${APPS}/${app}`, '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
  return startServing([EKIBEN, ...base, ...flags, '--', ...args], {})
}

/** On a connection of its own. */
async function ask(options: RequestOptions): Promise<string> {
  const [answer] = (await once(request({ ...options, agent: false }).end(), 'response')) as [IncomingMessage]
  return text(answer)
}

const askFor = async <T>(run: ServingCommand): Promise<T> => JSON.parse(await ask({ port: new URL(run.url).port })) as T

interface Opened {
  readonly pid: number
  readonly free: number
  readonly unix: string
  readonly udp: number
}

interface Found {
  readonly port: number
}

describe('what an app under ekiben run has of its own', () => {
  it('are its free port, its Unix socket and its UDP: each worker has them for itself', async () => {
    await using folder = await projectFolder({})
    await using run = await runApp('own-sockets.cjs', ['--api-workers', '2'], [folder.path])
    const workers = new Map<number, Opened>()
    const seen = async (): Promise<boolean> => {
      const opened = await askFor<Opened>(run)
      return workers.set(opened.pid, opened).size === 2
    }
    await waitUntil(seen, { describe: 'an answer of each worker' })
    for (const { pid, free, unix, udp } of workers.values()) {
      assert.equal(await ask({ port: free }), `free ${pid}`)
      assert.equal(await ask({ socketPath: unix }), `unix ${pid}`)
      const socket = createSocket('udp4')
      socket.send('who?', udp, '127.0.0.1')
      const [message] = (await once(socket, 'message')) as [Buffer]
      assert.equal(message.toString(), `udp ${pid}`)
      socket.close()
    }
    assert.equal(await run.stop(), 0)
  })

  it('is a port that it listens on beside that of its clients, whom a reload leaves to the new code all the same', async () => {
    await using run = await runApp('floods-itself.cjs', ['--set', 'minReadyMs=50'], [String(await freePort())])
    const port = new URL(run.url).port
    const before = await ask({ port, path: '/flood' })
    const { code, stderr } = await steer(run, ['reload'])
    assert.equal(code, 0, stderr)
    for (let time = 0; time < 50; time++) assert.notEqual(await ask({ port }), before)
    assert.equal(await run.stop(), 0)
  })

  it('are its threads and its processes, which find nothing of ours', async () => {
    await using run = await runApp('starts-its-own.cjs', [])
    const { inThread, inChild } = await askFor<{ inThread: Found; inChild: Found }>(run)
    const untouched = { execArgv: [], main: `${APPS}/starts-its-own.cjs`, ours: appVariables() }
    const { port: threadPort, ...thread } = inThread
    assert.deepEqual(thread, { ...untouched, args: [] })
    const { port: childPort, ...child } = inChild
    assert.deepEqual(child, { ...untouched, args: ['child'] })
    assert.equal(await ask({ port: threadPort }), 'thread')
    assert.equal(await ask({ port: childPort }), 'child')
    assert.equal(await run.stop(), 0)
  })
})
