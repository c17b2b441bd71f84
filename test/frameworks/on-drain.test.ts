import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'

const APP = resolve('test/fixtures/apps/drains.mjs')
const RUN = ['run', APP, '--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--']

/** How an app comes to run, and what it is told of that. */
const WAYS: Readonly<Record<string, (framework: string) => [args: readonly string[], env: Record<string, string>]>> = {
  'by itself': (framework) => [[APP, framework, 'alone'], {}],
  'under ekiben run': (framework) => [[EKIBEN, ...RUN, framework, 'run'], {}],
  'under ekiben run --reload, in development': (framework) => [
    [EKIBEN, ...RUN.slice(0, -1), '--development', '--reload', '--', framework, 'run'],
    {},
  ],
  'by bootstrapProduction, in one process': (framework) => [[APP, framework, 'bootstrap'], {}],
  'by bootstrapProduction, supervised': (framework) => [[APP, framework, 'bootstrap'], { NODE_ENV: 'production' }],
}

/** The text of a stream of which something has come. */
async function begun(response: Response): Promise<() => Promise<string>> {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let said = decoder.decode((await reader.read()).value)
  return async () => {
    for (let part = await reader.read(); !part.done; part = await reader.read()) said += decoder.decode(part.value)
    return said
  }
}

for (const framework of ['fastify', 'express', 'nest', 'koa']) {
  describe(`the beginning of a drain ends long streams of an app on ${framework}`, () => {
    for (const [way, start] of Object.entries(WAYS)) {
      it(`that runs ${way}`, async () => {
        const [args, env] = start(framework)
        await using app = await startServing(args, { env })
        const headers = { connection: 'close' }
        const own = await begun(await fetch(`${app.url}/events`, { headers }))
        const served = await begun(await fetch(`${app.url}/ticks`, { method: 'POST', headers }))
        const [code, ...said] = await Promise.all([app.stop(), own(), served()])
        assert.deepEqual(said, ['first last', 'first last'])
        assert.equal(code, 0, app.stderr())
      })
    }
  })
}
