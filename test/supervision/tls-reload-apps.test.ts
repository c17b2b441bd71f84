import assert from 'node:assert/strict'
import type { Agent } from 'node:https'
import { describe, it } from 'node:test'
import { shownBy } from '../helpers/control-socket.js'
import { EKIBEN, logLines } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { answeredMore, tlsLoad } from '../helpers/tls-load.js'
import { callSecurely, renew, resumingClient, shownName, tlsProject } from '../helpers/tls-project.js'
import { waitUntil } from '../helpers/wait-until.js'

const ANSWER = `(req, res) => {
  const { EKIBEN_GENERATION: generation } = process.env
  req.resume().on('end', () => res.end(JSON.stringify({ pid: process.pid, generation })))
}`
const FILES = {
  'app.cjs': `require('node:http').createServer(${ANSWER}).listen(process.env.PORT)`,
  'main.mjs': `
    import { bootstrapProduction } from '@ekiben/core'
    await bootstrapProduction(() => ${ANSWER}, {
      port: 0, host: '127.0.0.1', apiWorkers: 2, logFormat: 'json', supervision: { minReadyMs: 50 },
      sslCertfile: 'cert.pem', sslKeyfile: 'key.pem',
    })`,
}
const LOCAL = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json', '--ssl-certfile', 'cert.pem']
const WAYS: Readonly<Record<string, readonly string[]>> = {
  'ekiben run': [
    ...[EKIBEN, 'run', 'app.cjs', '--api-workers', '2', '--set', 'minReadyMs=50'],
    ...[...LOCAL, '--ssl-keyfile', 'key.pem'],
  ],
  bootstrapProduction: ['main.mjs'],
}

interface Who {
  readonly pid: number
  readonly generation: string
  readonly isResumed: boolean
}

async function who({ url }: ServingCommand, agent: Agent): Promise<Who> {
  const { status, body, isResumed } = await callSecurely(`${url}/`, { agent })
  assert.equal(status, 200, body)
  return { ...(JSON.parse(body) as Omit<Who, 'isResumed'>), isResumed }
}

for (const [way, args] of Object.entries(WAYS)) {
  describe(`${way} by HTTPS`, () => {
    it('goes on with sessions in any worker, and takes a renewed certificate into service without losing a request', async () => {
      await using project = await tlsProject(FILES)
      await using run = await startServing(args, { cwd: project.path, env: { NODE_ENV: 'production' } })
      const agent = resumingClient(project)
      const first = await who(run, agent)
      assert.equal(first.isResumed, false)
      await waitUntil(
        async () => {
          const next = await who(run, agent)
          assert.equal(next.isResumed, true)
          return next.pid !== first.pid
        },
        { describe: 'an answer of the other worker' },
      )
      const workers = (await shownBy(run))[0]?.services[0]?.workers ?? []
      for (const { pid } of workers) process.kill(pid as number, 'SIGKILL')
      const replaced = await who(run, agent)
      assert.deepEqual([replaced.isResumed, workers.some(({ pid }) => pid === replaced.pid)], [true, false])

      const ca = project.authority.cert
      await using load = tlsLoad(`${run.url}/`, ca, { speaksHttp2: false })
      await answeredMore(load)
      await renew(project, 'renewed')
      run.kill('SIGHUP')
      await waitUntil(() => logLines(run.stdout()).some(({ msg }) => msg === 'reloaded'), {
        timeoutMs: 30_000,
        describe: run.stdout,
      })
      await answeredMore(load)
      assert.equal(await shownName(run, ca), 'renewed')
      const reloaded = await who(run, agent)
      assert.deepEqual([reloaded.isResumed, reloaded.generation], [true, '2'])
      assert.deepEqual(await load.stop(), [])
      assert.equal(await run.stop(), 0)
    })
  })
}
