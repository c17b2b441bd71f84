import { after, before, describe, test } from 'node:test'
import { type InstalledProject, installProject, type PackedPackages, packPackages } from '../helpers/packed-project.js'
import { assertPasses } from '../helpers/user-project.js'

/** The first of each that we are for; the last ones run these tests in their own ring. */
const DEPENDENCIES = {
  '@nestjs/common': '11.0.0',
  '@nestjs/core': '11.0.0',
  '@nestjs/platform-express': '11.0.0',
  '@nestjs/platform-fastify': '11.0.0',
  '@nestjs/testing': '11.0.0',
  express: '4.18.0',
  fastify: '5.0.0',
  'reflect-metadata': '0.1.12',
  rxjs: '7.1.0',
}

/** Of our own tests those that hold for all frameworks alike. */
const SHARED_TESTS = ['clients-that-left', 'host-traces', 'shared-errors'].map(
  (name) => `test/frameworks/${name}.test.ts`,
)

describe('the first version of each framework, from packed archives in an empty folder', () => {
  let packed: PackedPackages
  let project: InstalledProject
  before(async () => {
    packed = await packPackages(['express-adapter', 'fastify-plugin', 'nest-module'])
    project = await installProject({}, { ...packed.archives, ...DEPENDENCIES }, ['--legacy-peer-deps'])
  })
  after(async () => {
    await project[Symbol.asyncDispose]()
    await packed[Symbol.asyncDispose]()
  })

  test('is as all others where a client leaves, where requests are traced, and where they fail together', async () => {
    await assertPasses(project, SHARED_TESTS)
  })
})
