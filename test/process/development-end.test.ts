/** In development mode too, the whole of a stop has a limit: an end that never comes is cut short, and it is said. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'

const NEVER = 'new Promise(() => setInterval(() => {}, 1_000))'
const SERVICE = `
import { defineService } from '@ekiben/core'
export const Greeter = defineService(class Greeter {
  async onStop() { await ${NEVER} }
}, { apis: {} })`
const MAIN = `
import { createServer } from 'node:http'
import { bootstrapProduction } from '@ekiben/core'
const server = createServer((_request, response) => response.end())
await bootstrapProduction(() => ({ server, close: () => ${NEVER} }), {
  port: 0, timeoutGracefulShutdown: 0.3, logFormat: 'json', name: 'shop',
})`
const EMBEDDED = `
import { serveHttpProduction } from '@ekiben/core/serving'
const server = await serveHttpProduction({
  identifier: 'service:Greeter', port: 0, timeoutGracefulShutdown: 0.3, logFormat: 'json', developmentMode: true, handleSignals: false,
})
process.once('SIGTERM', async () => {
  const { exitCode, forced } = await server.stop()
  console.log(JSON.stringify({ msg: 'stop() resolved', exitCode, forced }))
  process.exit(exitCode)
})`
const FILES = {
  'service.mjs': SERVICE,
  'alone.mjs': MAIN,
  'embedded.mjs': EMBEDDED,
}
const SERVE = [EKIBEN, 'serve', 'service:Greeter', '--development', '--port', '0', '--log-format', 'json']
const LIMIT = ['--timeout-graceful-shutdown', '0.3']

const WAYS: Readonly<Record<string, readonly [args: readonly string[], forced: RegExp]>> = {
  'serve --development': [[...SERVE, ...LIMIT], /^the end of Greeter$/],
  'serve --development --reload': [[...SERVE, ...LIMIT, '--reload'], /^the app had to be killed$/],
  'bootstrapProduction in one process': [['alone.mjs'], /^the end of shop$/],
  'serveHttpProduction in a process of others': [['embedded.mjs'], /^the end of Greeter$/],
}

describe('an end that never comes', () => {
  for (const [way, [args, forced]] of Object.entries(WAYS)) {
    it(`is cut short when the time for the stop is over, by ${way}`, async () => {
      await using project = await projectFolder(FILES)
      await using run = await startServing(args, { cwd: project.path, env: { NODE_ENV: undefined } })
      assert.equal(await run.stop(), 7, run.stdout() + run.stderr())
      const cut = logLines(run.stdout()).filter(({ msg }) => msg === 'had to be cut short')
      assert.equal(cut.length, 1, run.stdout())
      assert.match(String(cut[0]?.what), forced)
      assert.equal(/"stop\(\) resolved"/.test(run.stdout()), way.startsWith('serveHttp'))
    })
  }
})
