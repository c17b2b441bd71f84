/** What comes while one run of an app makes way for the next, or begins. */
import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { describe, it } from 'node:test'
import { projectFolder } from '../helpers/project-folder.js'
import { greets, type Reloading, save, startReloading, stops } from '../helpers/reloading.js'
import { call, EKIBEN } from '../helpers/serve-fixture.js'
import { tlsProject } from '../helpers/tls-project.js'
import { waitUntil } from '../helpers/wait-until.js'

const RUN = [EKIBEN, 'run', 'main.js', '--development', '--reload']
const SERVE = [EKIBEN, 'serve', 'service:Greeter', '--development', '--reload']

/** Says that it was loaded, in a file; never answers at `/hold`, and says that it was asked. */
const APP = `
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { words } from './words.js'
writeFileSync('.loaded', '')
createServer((request, response) => {
  if (request.url === '/hold') return process.stdout.write('{"held":true}\\n')
  request.resume()
  response.end(JSON.stringify({ words, set: process.env.SET_FOR_APP }))
}).listen(process.env.PORT)
`
const appProject = () =>
  projectFolder({
    'package.json': { name: 'app', type: 'module' },
    'main.js': APP,
    'words.js': `export const words = 'first'\n`,
  })

function logged(run: Reloading, of: (line: Record<string, unknown>) => boolean, what: string): Promise<unknown> {
  return waitUntil(() => run.lines().some(of), {
    timeoutMs: 30_000,
    describe: () => `${what}:\n${run.stdout()}${run.stderr()}`,
  })
}

describe('a restart in development mode', () => {
  it('reads a configuration that has changed while the run before still ended', async () => {
    await using project = await appProject()
    await using run = await startReloading(RUN, project.path)
    const held = call(run.url, 'hold').catch(() => {})
    await logged(run, (line) => line.held === true, 'a request that holds the run up')
    await save(project, 'words.js', `export const words = 'second'\n`)
    await logged(run, ({ msg }) => msg === 'changed: restarting', 'the restart')
    await save(project, 'ekiben.config.json', JSON.stringify({ services: { app: { env: { SET_FOR_APP: 'anew' } } } }))
    await greets(run, 'second')
    await waitUntil(async () => (await call<{ set?: string }>(run.url, '')).body.set === 'anew', {
      timeoutMs: 30_000,
      describe: () => `what the configuration sets:\n${run.stdout()}${run.stderr()}`,
    })
    await held
    await stops(run)
  })

  it('waits for a change where the certificate is broken', async () => {
    await using project = await tlsProject()
    await using run = await startReloading([...SERVE, ...project.flags], project.path)
    await save(project, 'cert.pem', 'none')
    assert.match(await run.broken(), /EKB_ERR_TLS_FILE/)
    await save(project, 'cert.pem', project.issued.cert)
    await run.ready(2)
    await stops(run)
  })

  it('gives way to a stop', async () => {
    await using project = await tlsProject()
    const preload = ['--require', resolve('test/fixtures/stop-when-changed.cjs')]
    await using run = await startReloading([...preload, ...SERVE, ...project.flags], project.path)
    await save(project, 'added.mjs', '')
    const { code } = await waitUntil(() => Promise.race([run.exited, undefined]), {
      timeoutMs: 30_000,
      describe: () => `its end:\n${run.stdout()}${run.stderr()}`,
    })
    assert.equal(code, 0, run.stdout() + run.stderr())
  })
})

describe('the first start in development mode', () => {
  it('misses no save of what an app has loaded at once', async () => {
    await using project = await appProject()
    const preload = ['--require', resolve('test/fixtures/save-when-watched.cjs')]
    await using run = await startReloading([...preload, ...RUN], project.path)
    await greets(run, 'saved')
    await stops(run)
  })
})
