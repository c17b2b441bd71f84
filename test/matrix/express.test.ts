import { after, before, describe, test } from 'node:test'
import { assertServesByNpx, assertServesInEveryForm } from '../helpers/forms.js'
import { type InstalledProject, installProject, type PackedPackages, packPackages } from '../helpers/packed-project.js'
import { assertCompiles, assertPasses, assertPrints } from '../helpers/user-project.js'

/** The first and the last of each. */
const VERSIONS = {
  'Express 5': { express: '5.3.0', types: '5.0.6' },
  'the first Express 5': { express: '5.0.0', types: '5.0.6' },
  'Express 4': { express: '4.22.3', types: '4.17.25' },
  'the first Express 4': { express: '4.18.0', types: '4.17.25' },
}

/** Of this repository's own tests those of what Express does with services. */
const OWN_TESTS = ['express', 'express-body-limits', 'express-routes', 'express-system'].map(
  (name) => `test/frameworks/${name}.test.ts`,
)
/** What they must do as every host; the last ones do it in the ring of that test. */
const CONFORMANCE = 'test/e2e/express.test.ts'

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
  const services = serve(Greeter)
  await services.ready()
  const app = express()
  app.use('/api', services)
  const client = services.client(Greeter)
  app.get('/direct', async (request, response) => response.json(await client.greet({ name: 'direct' })))
  const server = app.listen(0, '127.0.0.1', async () => {
    const address = server.address()
    const url = 'http://127.0.0.1:' + (typeof address === 'object' && address !== null ? address.port : 0)
    const headers = { 'content-type': 'application/json', connection: 'close' }
    const posted = await fetch(url + '/api/greet', { method: 'POST', headers, body: '{"name":"Ada"}' })
    const direct = await fetch(url + '/direct', { headers })
    console.log(await posted.text(), await direct.text())
    server.close(() => void services.close())
  })
}
void main()
`

/** A host of the user's own making. */
const MOUNT = `
async function main() {
  const mount = createMount(Greeter)
  await mount.ready()
  const server = createServer((request, response) => mount.node(request, response)).listen(0, '127.0.0.1', async () => {
    const address = server.address()
    const url = 'http://127.0.0.1:' + (typeof address === 'object' && address !== null ? address.port : 0)
    const headers = { 'content-type': 'application/json', connection: 'close' }
    const posted = await fetch(url + '/greet', { method: 'POST', headers, body: '{"name":"Ada"}' })
    const direct = await mount.fetch(new Request(url + '/greet', { method: 'POST', headers, body: '{"name":"direct"}' }))
    console.log(await posted.text(), await direct.text())
    server.close(() => void mount.close())
  })
}
void main()
`

const TYPED_SERVICE = SERVICE.replace("{ name = 'world' }", "{ name = 'world' }: { name?: string }")

const FILES = {
  'tsconfig.json': {
    compilerOptions: { target: 'es2022', strict: true, esModuleInterop: true, types: ['node'], noEmit: true },
    files: ['typed.ts', 'mount.ts'],
  },
  'mount.mjs': `import { createServer } from 'node:http'
import { defineService } from '@ekiben/core'
import { createMount } from '@ekiben/core/adapter'
${SERVICE}${MOUNT}`,
  'mount.cjs': `const { createServer } = require('node:http')
const { defineService } = require('@ekiben/core')
const { createMount } = require('@ekiben/core/adapter')
${SERVICE}${MOUNT}`,
  'mount.ts': `import { createServer } from 'node:http'
import { defineService } from '@ekiben/core'
import { createMount } from '@ekiben/core/adapter'
${TYPED_SERVICE}${MOUNT}`,
  'esm.mjs': `import { defineService } from '@ekiben/core'
import { serve } from '@ekiben/express-adapter'
import express from 'express'
${SERVICE}${USE}`,
  'cjs.cjs': `const { defineService } = require('@ekiben/core')
const { serve } = require('@ekiben/express-adapter')
const express = require('express')
${SERVICE}${USE}`,
  'typed.ts': `import { defineService } from '@ekiben/core'
import { serve } from '@ekiben/express-adapter'
import express from 'express'
${TYPED_SERVICE}${USE}`,
}

const PRINTED = '{"message":"Hello, Ada!"} {"message":"Hello, direct!"}\n'

let packed: PackedPackages
before(async () => {
  packed = await packPackages(['express-adapter'])
})
after(() => packed[Symbol.asyncDispose]())

for (const [name, { express, types }] of Object.entries(VERSIONS)) {
  describe(`${name}, from packed archives in an empty folder`, () => {
    let project: InstalledProject
    before(async () => {
      project = await installProject(FILES, {
        ...packed.archives,
        '@types/express': types,
        '@types/node': '20.19.43',
        express,
        multer: '2.5.0',
        tsx: '4.23.15',
        typescript: '6.0.3',
      })
    })
    after(() => project[Symbol.asyncDispose]())

    test('runs for JavaScript and TypeScript users, as ES modules and as CommonJS', async () => {
      const adapted = [['esm.mjs'], ['cjs.cjs'], ['--import', 'tsx', 'typed.ts']]
      const own = [['mount.mjs'], ['mount.cjs'], ['--import', 'tsx', 'mount.ts']]
      await assertPrints(project, [...adapted, ...own], PRINTED)
    })

    const isFirst = name.includes('first')
    test('does all else as ours', async () => {
      await assertPasses(project, isFirst ? [...OWN_TESTS, CONFORMANCE] : OWN_TESTS, { express4: 'express' })
    })

    if (isFirst) return

    test('compiles for TypeScript users', async () => {
      await assertCompiles(project)
    })

    test('serves with pools, in every form', async () => {
      await assertServesInEveryForm(project, 'express')
    })

    if (name !== 'Express 5') return

    test('serves services with npx ekiben serve', async () => {
      await assertServesByNpx(project)
    })
  })
}
