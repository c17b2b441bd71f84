import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineService, type Logger } from '@ekiben/core'
import { serve } from '@ekiben/express-adapter'
import { ServeModule } from '@ekiben/nest-module'
import type { INestApplication } from '@nestjs/common'
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express'
import { FastifyAdapter } from '@nestjs/platform-fastify'
import express5, { type Express } from 'express'
import express4 from 'express4'
import { listen } from '../helpers/express-app.js'
import { startNest } from '../helpers/nest-app.js'
import { silentLog } from '../helpers/silent-log.js'
import { waitUntil } from '../helpers/wait-until.js'

const MIB = 1024 * 1024
const Notes = defineService(
  class Notes {
    keep({ text }: { text: string }) {
      return text.length
    }
    file({ file }: { file: File }) {
      return file.size
    }
    free() {
      return 0
    }
  },
  {
    name: 'Notes',
    apis: {
      keep: { bodyLimit: 2 * MIB },
      // Files go past the parsers of an app.
      file: {
        bodyLimit: 2 * MIB,
        input: { type: 'object', properties: { file: { type: 'string', format: 'binary' } } },
      },
      free: {},
    },
  },
)

/** A log, and what it was told. */
function recorder(): { log: Logger; lines: { fields: object; message: string | undefined }[] } {
  const lines: { fields: object; message: string | undefined }[] = []
  const log: Logger = {
    ...silentLog,
    warn: (fields, message) => void lines.push({ fields, message }),
    child: () => log,
  }
  return { log, lines }
}

const warned = (limit: number, setting: string) => ({
  fields: { api: 'Notes.keep', bodyLimit: 2 * MIB, hostBodyLimit: limit, code: 'EKB_WRN_MOUNT_BODY_LIMIT' },
  message: `Notes.keep takes bodies of up to 2097152 bytes (its bodyLimit), but the app refuses those above ${limit}: raise ${setting}`,
})
const large = { text: 'x'.repeat(1.5 * MIB) }

const NEST = {
  'Nest on Express': {
    makeAdapter: () => new ExpressAdapter(),
    limit: 100 * 1024,
    setting: "the limit of app.useBodyParser('json', { limit })",
    raise: (app: INestApplication) => void (app as NestExpressApplication).useBodyParser('json', { limit: '2mb' }),
    raised: () => new ExpressAdapter(),
  },
  'Nest on Fastify': {
    makeAdapter: () => new FastifyAdapter(),
    limit: MIB,
    setting: 'bodyLimit of FastifyAdapter',
    raise: () => {},
    raised: () => new FastifyAdapter({ bodyLimit: 2 * MIB }),
  },
}

describe("a bodyLimit above that of the app's own parser draws a warning at the start, with the setting", () => {
  for (const [name, { makeAdapter, limit, setting, raise, raised }] of Object.entries(NEST)) {
    it(`in ${name}`, async () => {
      const { log, lines } = recorder()
      const imports = [ServeModule.forRoot({ services: [Notes], log })]
      await using app = await startNest(makeAdapter(), { imports })
      assert.equal((await app.post('/keep', large)).status, 413)
      await waitUntil(() => lines.length > 0, { describe: 'the warning' })
      assert.deepEqual(lines.splice(0), [warned(limit, setting)])
      await using other = await startNest(raised(), { imports }, { set: raise })
      assert.equal(await (await other.post('/keep', large)).json(), large.text.length)
      assert.deepEqual(lines, [])
    })
  }

  for (const [name, express] of Object.entries({ 'Express 5': express5, 'Express 4': express4 as typeof express5 })) {
    const inFront: Readonly<Record<string, (app: Express, notes: ReturnType<typeof serve>) => unknown>> = {
      'on its path': (app, notes) => app.use('/ml', express.json(), notes),
      'of the whole app': (app, notes) => app.use(express.json()).use('/ml', notes),
    }
    for (const [where, add] of Object.entries(inFront)) {
      it(`in ${name}, of a parser ${where}`, async () => {
        const { log, lines } = recorder()
        const app = express()
        const notes = serve(Notes, { log })
        await notes.ready()
        add(app, notes)
        await using running = await listen(app, [notes])
        assert.equal((await running.post('/ml/keep', large)).status, 413)
        const setting = 'the limit of express.json(), or put it behind the services'
        await waitUntil(() => lines.length > 0, { describe: 'the warning' })
        assert.deepEqual(lines, [warned(100 * 1024, setting)])
      })
    }

    it(`in ${name}, and none where it takes as much, is on another path or behind`, async () => {
      const { log, lines } = recorder()
      const app = express()
      const notes = serve(Notes, { log })
      app.use('/own', express.json()).use('/ml', express.json({ limit: '2mb' }), notes)
      app.use('/more', notes).use(express.json())
      await using running = await listen(app, [notes])
      for (const path of ['/ml/keep', '/more/keep']) {
        assert.equal(await (await running.post(path, large)).json(), large.text.length)
      }
      assert.deepEqual(lines, [])
    })
  }
})
