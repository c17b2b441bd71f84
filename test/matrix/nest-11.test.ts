import { testNest } from '../helpers/nest-versions.js'

/** The first, with the oldest of what it needs, and the last. */
const VERSIONS = {
  'the first Nest 11': {
    nest: '11.0.0',
    swagger: '11.0.0',
    dependencies: { 'reflect-metadata': '0.1.12', rxjs: '7.1.0' },
    compilers: ['TypeScript 7.0'],
    // Some of its own packages ask for Nest 10.
    flags: ['--legacy-peer-deps'],
  },
  'Nest 11': { nest: '11.2.10', fastify: '11.2.8', testing: '11.2.6', microservices: '11.2.6', swagger: '11.4.7' },
}

testNest(VERSIONS)
