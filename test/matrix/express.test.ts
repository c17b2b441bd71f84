import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { promisify } from 'node:util'
import { installProject, type PackedPackages, packPackages } from '../helpers/packed-project.js'
import { runNodeToEnd } from '../helpers/run-node.js'

const run = promisify(execFile)
const VERSIONS = { 'Express 5': '5.3.0', 'Express 4': '4.22.3' }

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

const FILES = {
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
${SERVICE.replace("{ name = 'world' }", "{ name = 'world' }: { name?: string }")}${USE}`,
}

const PRINTED = '{"message":"Hello, Ada!"} {"message":"Hello, direct!"}\n'

let packed: PackedPackages
before(async () => {
  packed = await packPackages(['express-adapter'])
})
after(() => packed[Symbol.asyncDispose]())

for (const [name, version] of Object.entries(VERSIONS)) {
  describe(`${name}, from packed archives in an empty folder`, () => {
    test('runs for JavaScript and TypeScript users, as ES modules and as CommonJS', async () => {
      const types = { '@types/express': name === 'Express 4' ? '4.17.25' : '5.0.6', '@types/node': '20.19.43' }
      await using project = await installProject(FILES, {
        ...packed.archives,
        ...types,
        express: version,
        tsx: '4.23.15',
        typescript: '6.0.3',
      })
      const options = { cwd: project.path }
      for (const args of [['esm.mjs'], ['cjs.cjs'], ['--import', 'tsx', 'typed.ts']]) {
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
