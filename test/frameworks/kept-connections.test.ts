import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent, createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { describe, it } from 'node:test'
import { type CallContext, defineService } from '@ekiben/core'
import { serve } from '@ekiben/express-adapter'
import { servePlugin } from '@ekiben/fastify-plugin'
import { ServeModule } from '@ekiben/nest-module'
import express from 'express'
import Fastify from 'fastify'
import { type Deferred, deferred } from '../../packages/core/build/util/deferred.js'
import { PLATFORMS, startNest } from '../helpers/nest-app.js'
import { silentLog } from '../helpers/silent-log.js'

let waits: Deferred<void>

/** Both end when the host begins to stop. */
const Lasting = defineService(
  class Lasting {
    async wait(_input: unknown, { draining }: CallContext) {
      waits.resolve()
      await once(draining, 'abort')
      return 'waited'
    }
    async *stream(_input: unknown, { draining }: CallContext) {
      yield 'first'
      await once(draining, 'abort')
      yield 'last'
    }
  },
  { name: 'Lasting', apis: { wait: {}, stream: {} } },
)

interface RunningHost {
  readonly url: string
  /** Resolves when it is gone. It ends the connections that are idle, as its framework does, and no others. */
  stop(): Promise<unknown>
}

const KEPT_MS = 120_000

const HOSTS: Readonly<Record<string, () => Promise<RunningHost>>> = {
  async Fastify() {
    const app = Fastify({ keepAliveTimeout: KEPT_MS })
    app.register(servePlugin, Lasting)
    return { url: await app.listen({ port: 0, host: '127.0.0.1' }), stop: () => app.close() }
  },
  async Express() {
    const services = serve(Lasting, { log: silentLog })
    await services.ready()
    const server = createServer({ keepAliveTimeout: KEPT_MS }, express().use(services)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const stop = async (): Promise<void> => {
      const closed = once(server, 'close')
      server.close()
      services.beginDrain()
      await closed
      await services.close()
    }
    return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
  },
  ...Object.fromEntries(
    Object.entries(PLATFORMS).map(([platform, adapter]) => [
      `Nest on ${platform}`,
      async () => {
        const imports = [ServeModule.forRoot({ services: [Lasting], log: silentLog })]
        const { app, url } = await startNest(adapter(), { imports })
        app.getHttpServer().keepAliveTimeout = KEPT_MS
        return { url, stop: () => app.close() }
      },
    ]),
  ),
}

/** The answer, on a connection that its client keeps. */
async function ask(url: string, agent: Agent): Promise<IncomingMessage> {
  const headers = { 'content-type': 'application/json' }
  const sent = request(url, { method: 'POST', agent, headers }).end('{}')
  return (await once(sent, 'response'))[0] as IncomingMessage
}

describe('clients who keep their connections do not keep a host that stops', () => {
  for (const [name, start] of Object.entries(HOSTS)) {
    it(`${name} tells those that it answers then, and ends those of its streams`, async () => {
      waits = deferred<void>()
      const { url, stop } = await start()
      const agent = new Agent({ keepAlive: true })
      const streaming = await ask(`${url}/stream`, agent)
      await once(streaming, 'readable')
      const waiting = ask(`${url}/wait`, agent)
      await waits.promise
      const stopped = stop()
      assert.equal(await text(streaming), 'firstlast')
      const answer = await waiting
      assert.deepEqual([answer.statusCode, answer.headers.connection], [200, 'close'])
      assert.equal(await text(answer), 'waited')
      // It waits for each of its connections.
      await stopped
      agent.destroy()
    })
  }
})
