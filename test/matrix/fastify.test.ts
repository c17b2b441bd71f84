import { after, before, describe, test } from 'node:test'
import { assertServes, writeBundle, writeForms } from '../helpers/forms.js'
import { type InstalledProject, installProject, type PackedPackages, packPackages } from '../helpers/packed-project.js'
import { assertCompiles, assertPasses, assertPrints } from '../helpers/user-project.js'

const FIRST = 'the first Fastify 5'
const VERSIONS = { 'Fastify 5': '5.12.8', [FIRST]: '5.0.0' }

/** Of this repository's own tests those of what Fastify does with services. */
const OWN_TESTS = ['bad-input', 'bodies', 'lifecycle', 'mount', 'system'].map(
  (name) => `test/frameworks/fastify-${name}.test.ts`,
)
/** What it must do as every host; the last one does it in the ring of that test. */
const CONFORMANCE = 'test/e2e/fastify.test.ts'

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
  'tsconfig.json': {
    compilerOptions: { target: 'es2022', strict: true, esModuleInterop: true, types: ['node'], noEmit: true },
    files: ['typed.ts'],
  },
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

for (const [name, fastify] of Object.entries(VERSIONS)) {
  describe(`${name}, from packed archives in an empty folder`, () => {
    let project: InstalledProject
    before(async () => {
      project = await installProject(FILES, {
        ...packed.archives,
        '@fastify/multipart': '10.1.9',
        '@fastify/swagger': '9.9.3',
        '@types/node': '20.19.43',
        fastify,
        tsx: '4.23.15',
        typescript: '6.0.3',
        zod: '4.4.3',
      })
    })
    after(() => project[Symbol.asyncDispose]())

    test('runs for JavaScript and TypeScript users, as ES modules and as CommonJS', async () => {
      const commands = [['esm.mjs'], ['cjs.cjs'], ['whole.cjs'], ['--import', 'tsx', 'typed.ts']]
      await assertPrints(project, commands, PRINTED)
    })

    test('does all else as ours', async () => {
      await assertPasses(project, name === FIRST ? [...OWN_TESTS, CONFORMANCE] : OWN_TESTS)
    })

    test('compiles for TypeScript users', async () => {
      await assertCompiles(project)
    })

    test('serves with pools, in every form', async () => {
      await writeForms(project, 'fastify')
      await assertServes(project, 'run', 'js-cjs/listens.js')
      await assertServes(project, 'run', 'ts-cjs/listens.ts')
      await assertServes(project, 'main', 'js-esm/main.js')
      await assertServes(project, 'main', 'ts-esm/main.ts')
      await assertServes(project, 'main', 'ts-cjs/dist/main.js')
      await assertServes(project, 'alone', 'ts-esm/dist/listens.js')
      await writeBundle(project, 'ts-esm', 'esm')
      await assertServes(project, 'main', 'bundle.mjs')
    })
  })
}
