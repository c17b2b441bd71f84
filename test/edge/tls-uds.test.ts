import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { callSecurely, tlsProject } from '../helpers/tls-project.js'
import { callOver, socketFolder } from '../helpers/unix-http.js'

const ANSWER = '(req, res) => res.end(JSON.stringify({ isSecure: req.socket.encrypted }))'
const FILES = {
  'app.cjs': `require('node:http').createServer(${ANSWER}).listen(process.env.PORT)`,
  'main.mjs': `
    import { bootstrapProduction } from '@ekiben/core'
    await bootstrapProduction(() => ${ANSWER}, { readEnvironment: true })`,
}
const SERVE = [EKIBEN, 'serve', 'service:Greeter']

const WAYS: Readonly<Record<string, { readonly args: readonly string[]; readonly NODE_ENV?: string }>> = {
  'ekiben serve': { args: SERVE },
  'ekiben serve --development': { args: [...SERVE, '--development'] },
  'ekiben run': { args: [EKIBEN, 'run', 'app.cjs'] },
  'bootstrapProduction, supervised': { args: ['main.mjs'], NODE_ENV: 'production' },
  'bootstrapProduction, in one process': { args: ['main.mjs'] },
}

describe('HTTPS on a Unix socket', () => {
  for (const [way, { args, NODE_ENV }] of Object.entries(WAYS)) {
    it(`is spoken there, and nothing else: ${way}`, async () => {
      await using project = await tlsProject(FILES)
      await using at = await socketFolder()
      const env = {
        ...{ EKIBEN_UDS: at.socket, EKIBEN_LOG_FORMAT: 'json', PORT: '4321', NODE_ENV },
        ...{ EKIBEN_SSL_CERTFILE: 'cert.pem', EKIBEN_SSL_KEYFILE: 'key.pem' },
      }
      await using run = await startServing(args, { cwd: project.path, env })
      assert.equal(run.url, `unix:${at.socket}`)
      const options = { ca: project.authority.cert, socketPath: at.socket }
      const { status, body, protocol } = await callSecurely('https://localhost/who', options)
      assert.deepEqual([status, protocol], [200, 'TLSv1.3'])
      if (!args.includes('serve')) assert.deepEqual(JSON.parse(body), { isSecure: true })
      await assert.rejects(callOver(at.socket, 'who'))
      assert.equal(await run.stop(), 0)
    })
  }
})
