import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type ProjectFolder, projectFolder } from '../helpers/project-folder.js'
import { call, EKIBEN } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'

/** With an api that hears of no end of its time. */
const SERVICE = `
import { setTimeout as sleep } from 'node:timers/promises'
import { defineService } from '@ekiben/core'

export const Work = defineService(
  class Work {
    async once(_input, { draining }) {
      if (!draining.aborted) await new Promise((resolve) => draining.addEventListener('abort', resolve))
      await sleep(50)
      console.log('work ended')
    }
    forever() {
      return new Promise(() => {})
    }
    onStop() {
      console.log('Work stopped')
    }
  },
  { name: 'Work', apis: { once: {}, forever: {} }, traffic: { timeoutMs: 100 } },
)
`
/** An app that is closed at SIGTERM. */
const MAIN = `
import { servePlugin } from '@ekiben/fastify-plugin'
import Fastify from 'fastify'
import { Work } from './work.mjs'
const app = Fastify()
app.register(servePlugin, { service: Work, dependencies: 'inline' })
process.once('SIGTERM', () => app.close())
console.log(JSON.stringify({ msg: 'ready', url: await app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' }) }))
`

/** One that nobody closes. */
const EXPRESS = `
import { serve } from '@ekiben/express-adapter'
import express from 'express'
import { Work } from './work.mjs'
express().use(serve(Work, { errors: 'ekiben' })).listen(Number(process.env.PORT), '127.0.0.1')
`

const runOf = (main: string): string[] => [
  EKIBEN,
  'run',
  main,
  '--port',
  '0',
  '--host',
  '127.0.0.1',
  '--log-format',
  'json',
]

const RUN = runOf('main.mjs')
const WAYS = { 'by itself': ['main.mjs'], 'under ekiben run': RUN, 'there and is not closed': runOf('express.mjs') }

const project = (): Promise<ProjectFolder> =>
  projectFolder(
    { 'package.json': { name: 'shop', type: 'module' }, 'work.mjs': SERVICE, 'main.mjs': MAIN, 'express.mjs': EXPRESS },
    { packages: ['fastify', '@ekiben/fastify-plugin', 'express', '@ekiben/express-adapter'] },
  )

/** What the app says once a call of the api has been answered with 504 and the app is stopped. */
async function said(app: ServingCommand, api: string): Promise<string[]> {
  assert.equal((await call(app.url, api)).status, 504)
  assert.equal(await app.stop(), 0, app.stderr())
  return app.stdout().match(/^work ended$|^Work stopped$/gm) ?? []
}

describe('a service in a host whose call goes on after its client was told that its time is up', () => {
  for (const [way, args] of Object.entries(WAYS)) {
    it(`stops after that call, in an app that runs ${way}`, async () => {
      await using folder = await project()
      await using app = await startServing(args, { cwd: folder.path })
      assert.deepEqual(await said(app, 'once'), ['work ended', 'Work stopped'])
    })
  }

  it('stops before its worker has had its time, where that call never ends', async () => {
    await using folder = await project()
    const flags = ['--set', 'supervision.drainTimeoutMs=3000', '--set', 'supervision.keepAliveDrainMs=0']
    await using app = await startServing([...RUN, ...flags], { cwd: folder.path })
    assert.deepEqual(await said(app, 'forever'), ['Work stopped'])
  })
})
