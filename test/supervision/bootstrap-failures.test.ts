import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { appProject, failApp, type Mode, mainFile, startApp } from '../helpers/bootstrap-app.js'
import { projectFolder } from '../helpers/project-folder.js'
import { runNode, runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const MODES: readonly Mode[] = ['supervised', 'one process']

/** What `build` must not be, and how the process ends. */
const FAILURES: Readonly<Record<string, { build: string; code: string; imports?: string }>> = {
  'no app': { build: '() => {}', code: 'EKB_ERR_BOOTSTRAP_RESULT' },
  'a service': { build: '() => Echo', code: 'EKB_ERR_BOOTSTRAP_RESULT' },
  'a class': { build: '() => class App {}', code: 'EKB_ERR_BOOTSTRAP_RESULT' },
  'a server that listens': { build: 'LISTENS', code: 'EKB_ERR_BOOTSTRAP_LISTENING' },
  'a server of TCP that listens, and then is told what for': {
    imports: "import net from 'node:net'",
    build: `async () => {
      const server = net.createServer().listen(Number(process.env.PORT ?? 0), '127.0.0.1')
      server.on('connection', (socket) => socket.end())
      if (process.env.PORT === undefined) await new Promise((resolve) => server.once('listening', resolve))
      return server
    }`,
    code: 'EKB_ERR_BOOTSTRAP_LISTENING',
  },
  'a Fastify instance that listens': {
    imports: "import fastify from 'fastify'",
    build: `async () => {
      const app = fastify()
      const listening = app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' })
      // In a worker it resolves when it may serve.
      if (process.env.PORT === undefined) await listening
      else listening.catch(() => {})
      return app
    }`,
    code: 'EKB_ERR_BOOTSTRAP_LISTENING',
  },
  'a Fastify instance that is waited for until it listens': {
    imports: "import fastify from 'fastify'",
    build: `async () => {
      const app = fastify()
      await app.listen({ port: Number(process.env.PORT ?? 0), host: '127.0.0.1' })
      return app
    }`,
    code: 'EKB_ERR_BOOTSTRAP_LISTENING',
  },
  'a Nest application without a server': {
    imports: `
      import 'reflect-metadata'
      import { Module } from '@nestjs/common'
      import { NestFactory } from '@nestjs/core'
      class AppModule {}
      Module({})(AppModule)`,
    build: '() => NestFactory.createApplicationContext(AppModule, { logger: false })',
    code: 'EKB_ERR_BOOTSTRAP_NO_HTTP',
  },
  'no function': { build: '7', code: 'EKB_ERR_CONFIG_INVALID' },
}

/** On the port that it is told in a worker, on any in one process. */
const LISTENS = `async () => {
  const server = createServer().listen(Number(process.env.PORT ?? 0), '127.0.0.1')
  if (process.env.PORT === undefined) await new Promise((resolve) => server.once('listening', resolve))
  return server
}`

describe('bootstrapProduction that cannot start', () => {
  for (const mode of MODES) {
    for (const [what, { build, code, imports: own = '' }] of Object.entries(FAILURES)) {
      it(`ends with ${code} for ${what} (${mode})`, async () => {
        const imports = `import { Echo } from './services.js'\n${own}`
        const main = mainFile(build === 'LISTENS' ? LISTENS : build, { imports })
        await using project = await appProject(main, ['fastify', '@nestjs', 'reflect-metadata', 'rxjs'])
        const { code: exitCode, stderr } = await failApp(project, mode)
        assert.match(stderr, new RegExp(`^${code}: `, 'm'))
        assert.match(stderr, /^ {2}hint: /m)
        assert.equal(exitCode, 2)
      })
    }

    it(`refuses a service that is to be mounted and used (${mode})`, async () => {
      const options = '{ services: [Echo], uses: [Echo] }'
      const main = mainFile('() => createServer()', { imports: "import { Echo } from './services.js'", options })
      await using project = await appProject(main)
      const { code, stderr } = await failApp(project, mode)
      assert.match(stderr, /^EKB_ERR_MOUNT_AND_USE: .*Echo.*\n {2}hint: /m)
      assert.equal(code, 2)
    })

    it(`is called once (${mode})`, async () => {
      const handler = '(_, res) => res.end()'
      await using project = await appProject(`
        import { bootstrapProduction } from '@ekiben/core'
        const run = () => bootstrapProduction(() => ${handler}, { port: 0, host: '127.0.0.1' })
        await Promise.all([run(), run()])`)
      const { code, stderr } = await failApp(project, mode)
      assert.match(stderr, /^EKB_ERR_BOOTSTRAP_TWICE: .*\n {2}hint: .*: call it once, and build everything/m)
      assert.equal(code, 2)
    })

    it(`does not come up without a service that is mounted and cannot start (${mode})`, async () => {
      const imports = `
        import { defineService } from '@ekiben/core'
        import { serve } from '@ekiben/express-adapter'
        import express from 'express'
        const Broken = defineService(class Broken { onStart() { throw new Error('no database') } }, { apis: {} })`
      const main = mainFile('() => express().use(serve(Broken))', { imports })
      await using project = await appProject(main, ['express', '@ekiben/express-adapter'])
      const { code, stdout, stderr } = await failApp(project, mode)
      assert.match(stderr, /no database/)
      assert.doesNotMatch(stdout, /"msg":"ready"/)
      assert.notEqual(code, 0)
    })
  }

  it('gives up a build that never ends', async () => {
    await using project = await appProject(mainFile('() => new Promise(() => {})'))
    const { code, stderr } = await failApp(project, 'supervised', { env: { TEST_BOOT_MS: '8000' } })
    assert.match(stderr, /^EKB_ERR_WORKER_BOOT_TIMEOUT: Worker shop#0 .*build/m)
    assert.equal(code, 3)
  })

  it('gives an app the time to boot that is set for it by name, from its first worker on', async () => {
    await using project = await projectFolder({
      'package.json': { name: 'shop' },
      'main.cjs': 'setInterval(() => {}, 60_000)',
    })
    const args = [EKIBEN, 'run', 'main.cjs', '--port', '0', '--set', 'shop.bootTimeoutMs=2000']
    const { code, stderr } = await runNodeToEnd(args, { cwd: project.path })
    assert.match(stderr, /^EKB_ERR_WORKER_BOOT_TIMEOUT: Worker shop#0 .*2000 ms/m)
    assert.equal(code, 3)
  })

  it('leaves a build that never ends in one process to signals, and nothing behind', async () => {
    const build = "() => { setInterval(() => {}, 60_000); console.log('building'); return new Promise(() => {}) }"
    await using project = await appProject(mainFile(build))
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      await using run = await runNode(['main.js'], { cwd: project.path, env: { NODE_ENV: undefined } })
      await waitUntil(() => run.stdout().includes('building'), { describe: () => `the build:\n${run.stderr()}` })
      run.kill(signal)
      const { code, signal: endedBy, stderr } = await run.exited
      assert.deepEqual([code, endedBy, stderr], [null, signal, ''])
    }
  })

  it('says which address is taken', async () => {
    await using project = await appProject(mainFile('() => (_, res) => res.end()', { options: '{ port: 0 }' }))
    await using holder = await startApp(project, 'one process')
    const port = new URL(holder.url).port
    for (const mode of MODES) {
      await using other = await appProject(mainFile('() => (_, res) => res.end()', { options: `{ port: ${port} }` }))
      const { code, stderr } = await failApp(other, mode)
      assert.match(stderr, new RegExp(`^EKB_ERR_SOCKET_IN_USE: .*127\\.0\\.0\\.1:${port}`, 'm'))
      assert.equal(code, 6)
    }
  })

  it('leaves the error to whoever catches it, and nothing running', async () => {
    const main = `
      import { bootstrapProduction } from '@ekiben/core'
      await bootstrapProduction(() => { throw new Error('no database') }, { port: 0, host: '127.0.0.1', logLevel: 'silent' })
        .catch((error) => console.log(error.code, error.cause?.message ?? error.message))`
    for (const [mode, said] of [
      ['supervised', 'EKB_ERR_WORKER_BOOT_FAILED no database'],
      ['one process', 'undefined no database'],
    ] as const) {
      await using project = await appProject(main)
      const { code, stdout } = await failApp(project, mode)
      assert.equal(stdout.trim(), said)
      assert.equal(code, 0)
    }
  })

  it('refuses a process that has no main file, and a worker of node:cluster', async () => {
    await using project = await appProject(`
      import cluster from 'node:cluster'
      import { bootstrapProduction } from '@ekiben/core'
      if (cluster.isPrimary) cluster.fork().on('exit', (code) => process.exit(code))
      else await bootstrapProduction(() => (_, res) => res.end(), { port: 0 })`)
    const clustered = await failApp(project, 'supervised')
    assert.match(clustered.stderr, /^EKB_ERR_BOOTSTRAP_CLUSTERED: /m)
    assert.match(clustered.stderr, /exec_mode 'fork' and instances 1; apiWorkers sets the workers/)
    assert.equal(clustered.code, 2)
    const code = "require('@ekiben/core').bootstrapProduction(() => {})"
    const evaluated = await runNodeToEnd(['--eval', code], { cwd: project.path, env: { NODE_ENV: 'production' } })
    assert.match(evaluated.stderr, /^EKB_ERR_BOOTSTRAP_NO_MAIN: /m)
    assert.equal(evaluated.code, 2)
  })

  it('refuses in one process what needs a supervisor', async () => {
    const after = `
      for (const work of [() => server.reload(), () => server.scale('shop', 2), () => server.restart('shop')])
        console.log(await work().catch((error) => error.code))
      const { services: [{ name, workers }] } = server.status()
      console.log(name, workers.length)
      const [first, second] = [server.stop(), server.stop()]
      console.log(first === second, (await first).exitCode)`
    const main = mainFile('() => (_, res) => res.end()', { options: '{ handleSignals: false }', after })
    await using project = await appProject(main)
    const { code, stdout } = await failApp(project, 'one process')
    const said = stdout.split('\n').filter((line) => line !== '' && !line.startsWith('{'))
    assert.deepEqual(said, [...Array(3).fill('EKB_ERR_ONE_PROCESS'), 'shop 1', 'true 0'])
    assert.equal(code, 0)
  })
})
