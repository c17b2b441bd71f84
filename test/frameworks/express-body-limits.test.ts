import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { serve } from '@ekiben/express-adapter'
import express5, { type Express } from 'express'
import express4 from 'express4'
import { large, Notes, recorder, warned } from '../helpers/body-limits.js'
import { listen } from '../helpers/express-app.js'
import { waitUntil } from '../helpers/wait-until.js'

describe("a bodyLimit above that of the app's own parser draws a warning at the start, with the setting", () => {
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
