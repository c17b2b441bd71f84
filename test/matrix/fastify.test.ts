import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { installProject, type PackedPackages, packPackages } from '../helpers/packed-project.js'
import { runNodeToEnd } from '../helpers/run-node.js'

const run = promisify(execFile)
const VERSIONS = { 'Fastify 5': '5.12.8', 'the first Fastify 5': '5.0.0' }

const SERVICE = `
const Greeter = defineService(
  class Greeter {
    greet({ name = 'world' }) {
      return { message: 'Hello, ' + name + '!' }
    }
  },
  { apis: { greet: {} } },
)`

/** Serves, asks itself, and ends by itself once all is closed. */
const USE = `
async function main() {
  const app = Fastify()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.register(servePlugin, Greeter)
  app.register(servePlugin, { service: Greeter, prefix: '/api', system: 'probes', openapi: true })
  app.get('/direct', async () => app.ekiben.client(Greeter).greet({ name: 'direct' }))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const headers = { 'content-type': 'application/json', connection: 'close' }
  const form = new URLSearchParams({ name: 'Bob' })
  const answers = [
    await fetch(url + '/greet', { method: 'POST', headers, body: '{"name":"Ada"}' }),
    await fetch(url + '/api/greet', { method: 'POST', body: form, headers: { connection: 'close' } }),
    await fetch(url + '/direct', { headers }),
  ]
  const texts = await Promise.all(answers.map((answer) => answer.text()))
  const probe = await fetch(url + '/readyz', { headers })
  console.log(texts.join(' '), probe.status)
  await app.close()
}
void main()
`

const FILES = {
  'esm.mjs': `import { defineService } from '@ekiben/core'
import { servePlugin } from '@ekiben/fastify-plugin'
import Fastify from 'fastify'
${SERVICE}${USE}`,
  'cjs.cjs': `const { defineService } = require('@ekiben/core')
const { servePlugin } = require('@ekiben/fastify-plugin')
const Fastify = require('fastify')
${SERVICE}${USE}`,
  'whole.cjs': `const { defineService } = require('@ekiben/core')
const servePlugin = require('@ekiben/fastify-plugin')
const Fastify = require('fastify')
${SERVICE}${USE}`,
  'typed.ts': `import { defineService } from '@ekiben/core'
import servePlugin from '@ekiben/fastify-plugin'
import Fastify from 'fastify'
${SERVICE.replace("{ name = 'world' }", "{ name = 'world' }: { name?: string }")}${USE}`,
  'package.json': { type: 'module' },
}

const MESSAGES = ['Ada', 'Bob', 'direct'].map((name) => `{"message":"Hello, ${name}!"}`)
const PRINTED = `${MESSAGES.join(' ')} 200\n`

let packed: PackedPackages
before(async () => {
  packed = await packPackages(['fastify-plugin'])
})
after(() => packed[Symbol.asyncDispose]())

for (const [name, version] of Object.entries(VERSIONS)) {
  describe(`${name}, from packed archives in an empty folder`, () => {
    test('runs for JavaScript and TypeScript users, as ES modules and as CommonJS', async () => {
      await using project = await installProject(FILES, {
        ...packed.archives,
        '@types/node': '20.19.43',
        fastify: version,
        tsx: '4.23.15',
        typescript: '6.0.3',
      })
      const options = { cwd: project.path }
      for (const args of [['esm.mjs'], ['cjs.cjs'], ['whole.cjs'], ['--import', 'tsx', 'typed.ts']]) {
        const { code, stdout, stderr } = await runNodeToEnd(args, options)
        assert.deepEqual({ code, stdout, stderr }, { code: 0, stdout: PRINTED, stderr: '' }, args.join(' '))
      }
      for (const [module, moduleResolution] of [
        ['nodenext', 'nodenext'],
        ['node16', 'node16'],
        ['esnext', 'bundler'],
      ] as const) {
        const flags = ['--module', module, '--moduleResolution', moduleResolution, '--esModuleInterop']
        const base = ['--noEmit', '--strict', '--target', 'es2022', '--types', 'node', '--ignoreConfig', 'typed.ts']
        const tsc = resolve(project.path, 'node_modules/typescript/bin/tsc')
        const said = await run(process.execPath, [tsc, ...base, ...flags], options).then(
          () => '',
          ({ stdout }: { stdout: string }) => stdout,
        )
        assert.equal(said, '', module)
      }
    })
  })
}
