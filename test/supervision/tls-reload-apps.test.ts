import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import type { Agent } from 'node:https'
import { describe, it } from 'node:test'
import { makeAuthority } from '../helpers/certificates.js'
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

type LogLine = ReturnType<typeof logLines>[number]

/** Resolves with the line that says how it went. */
function reload(run: ServingCommand, isOutcome: (line: LogLine) => boolean): Promise<LogLine> {
  run.kill('SIGHUP')
  return waitUntil(() => logLines(run.stdout()).find(isOutcome), { timeoutMs: 30_000, describe: run.stdout })
}

for (const [way, args] of Object.entries(WAYS)) {
  describe(`${way} by HTTPS`, () => {
    it('goes on with sessions in any worker, refuses a renewed key that is of another certificate, and takes both into service', async () => {
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
      await writeFile(project.file('key.pem'), makeAuthority().key)
      const { msg } = await reload(run, ({ code }) => code === 'EKB_ERR_RELOAD_REFUSED')
      assert.match(String(msg), /key\.pem is not that of the first certificate/)
      await answeredMore(load)
      assert.equal(await shownName(run, ca), 'localhost')

      await renew(project, 'renewed')
      await reload(run, ({ msg }) => msg === 'reloaded')
      await answeredMore(load)
      assert.equal(await shownName(run, ca), 'renewed')
      const reloaded = await who(run, agent)
      assert.deepEqual([reloaded.isResumed, reloaded.generation], [true, '3'])
      assert.deepEqual(await load.stop(), [])
      assert.equal(await run.stop(), 0)
    })
  })
}
