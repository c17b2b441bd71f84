import { test } from 'node:test'
import { nodeBinary } from '../../scripts/node-versions.mjs'
import { assertPassesInJest, assertPassesInVitest } from '../helpers/consumer-tests.js'
import { testNest } from '../helpers/nest-versions.js'

/** The first, with the oldest of what it needs, and the last. */
const VERSIONS = {
  'the first Nest 12': {
    nest: '12.0.0',
    fastify: '12.0.1',
    testing: '12.0.1',
    microservices: '12.0.1',
    // Of RxJS 7.1, which the others are content with, its microservices take what it does not have.
    without: ['test/frameworks/nest-microservice.test.ts'],
    swagger: '12.0.0',
    dependencies: { 'reflect-metadata': '0.1.12', rxjs: '7.1.0' },
    compilers: ['TypeScript 7.0'],
    // Some of its own packages ask for Nest 11.
    flags: ['--legacy-peer-deps'],
  },
  'Nest 12': {
    nest: '12.1.1',
    swagger: '12.0.2',
    // The ring of that test has this very Nest.
    without: ['test/e2e/nest.test.ts'],
    dependencies: { jest: '30.5.2', vitest: '4.1.12' },
  },
}

testNest(VERSIONS, (name, project) => {
  if (name !== 'Nest 12') return
  test("runs in users' tests, in Vitest", async () => {
    await assertPassesInVitest(project(), { words: ['nest'], tests: 2 })
  })

  // Jest can require the ES modules that Nest 12 is made of where Node has what it needs for that, from 24.9 on.
  test("runs in users' tests, in Jest with Node's flag for its ES modules", async () => {
    const flags = ['--experimental-vm-modules']
    await assertPassesInJest(
      project(),
      { fixture: 'jest-nest', tests: 2 },
      { flags, programs: [await nodeBinary('24')] },
    )
  })
})
