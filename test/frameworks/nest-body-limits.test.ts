import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { ServeModule } from '@ekiben/nest-module'
import type { INestApplication } from '@nestjs/common'
import type { AbstractHttpAdapter } from '@nestjs/core'
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express'
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify'
import { large, MIB, Notes, recorder, warned } from '../helpers/body-limits.js'
import { startNest } from '../helpers/nest-app.js'
import { waitUntil } from '../helpers/wait-until.js'

const EXPRESS_SETTING = "the limit of app.useBodyParser('json', { limit })"

interface Case {
  readonly makeAdapter: () => AbstractHttpAdapter
  readonly set?: (app: INestApplication) => void
  /** What the app takes, and by which setting. */
  readonly takes: readonly [bytes: number, setting: string]
}

const ofExpress = (limit: string) => (app: INestApplication) =>
  void (app as NestExpressApplication).useBodyParser('json', { limit })
const ofFastify = (bodyLimit: number) => (app: INestApplication) =>
  void (app as NestFastifyApplication).useBodyParser('application/json', { bodyLimit })

const TOO_LITTLE: Readonly<Record<string, Case>> = {
  'Nest on Express': { makeAdapter: () => new ExpressAdapter(), takes: [100 * 1024, EXPRESS_SETTING] },
  'Nest on Express with a parser of the app': {
    makeAdapter: () => new ExpressAdapter(),
    set: ofExpress('1mb'),
    takes: [MIB, EXPRESS_SETTING],
  },
  'Nest on Fastify': { makeAdapter: () => new FastifyAdapter(), takes: [MIB, 'bodyLimit of FastifyAdapter'] },
  'Nest on Fastify with a parser of the app': {
    makeAdapter: () => new FastifyAdapter({ bodyLimit: 2 * MIB }),
    set: ofFastify(MIB / 2),
    takes: [MIB / 2, "the bodyLimit of app.useBodyParser('application/json', { bodyLimit })"],
  },
}

const ENOUGH: Readonly<Record<string, Omit<Case, 'takes'>>> = {
  'Nest on Express with a parser of the app': { makeAdapter: () => new ExpressAdapter(), set: ofExpress('2mb') },
  'Nest on Fastify': { makeAdapter: () => new FastifyAdapter({ bodyLimit: 2 * MIB }) },
  'Nest on Fastify with a parser of the app': { makeAdapter: () => new FastifyAdapter(), set: ofFastify(2 * MIB) },
}

describe("a bodyLimit above that of the app's own parser draws a warning at the start, with the setting", () => {
  for (const [name, { makeAdapter, takes, ...options }] of Object.entries(TOO_LITTLE)) {
    it(`in ${name}`, async () => {
      const { log, lines } = recorder()
      const imports = [ServeModule.forRoot({ services: [Notes], log })]
      await using app = await startNest(makeAdapter(), { imports }, options)
      assert.equal((await app.post('/keep', large)).status, 413)
      await waitUntil(() => lines.length > 0, { describe: 'the warning' })
      assert.deepEqual(lines, [warned(...takes)])
    })
  }

  for (const [name, { makeAdapter, ...options }] of Object.entries(ENOUGH)) {
    it(`in ${name}, and none where it takes as much`, async () => {
      const { log, lines } = recorder()
      const imports = [ServeModule.forRoot({ services: [Notes], log })]
      await using app = await startNest(makeAdapter(), { imports }, options)
      assert.equal(await (await app.post('/keep', large)).json(), large.text.length)
      assert.deepEqual(lines, [])
    })
  }
})
