import { after, before, describe, test } from 'node:test'
import { assertPassesInJest, assertPassesInVitest } from '../helpers/consumer-tests.js'
import { type InstalledProject, installProject, type PackedPackages, packPackages } from '../helpers/packed-project.js'

// Nest 11, as Jest loads no ES modules by itself, which Nest 12 is made of: nest-12.test.ts tries that one.
const DEPENDENCIES = {
  '@nestjs/common': '11.2.10',
  '@nestjs/core': '11.2.10',
  '@nestjs/platform-express': '11.2.10',
  '@nestjs/platform-fastify': '11.2.8',
  '@nestjs/testing': '11.2.6',
  express: '5.3.0',
  fastify: '5.12.8',
  jest: '30.5.2',
  'reflect-metadata': '0.2.2',
  rxjs: '7.8.2',
  typescript: '6.0.3',
  vitest: '4.1.12',
}

describe("users' tests of packed packages, on each framework, run", () => {
  let packed: PackedPackages
  let project: InstalledProject
  before(async () => {
    packed = await packPackages(['express-adapter', 'fastify-plugin', 'nest-module'])
    project = await installProject({}, { ...packed.archives, ...DEPENDENCIES })
  })
  after(async () => {
    await project[Symbol.asyncDispose]()
    await packed[Symbol.asyncDispose]()
  })

  test("in Jest's default runtime", async () => {
    await assertPassesInJest(project, { fixture: 'jest', tests: 5 })
    await assertPassesInJest(project, { fixture: 'jest-nest', tests: 2 })
  })

  test('in Vitest, with decorated services', async () => {
    await assertPassesInVitest(project, { tests: 7 })
  })
})
