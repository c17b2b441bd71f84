import { hostConformance } from '@ekiben/core/testing'
import { hostWithPools } from '../helpers/host-with-pools.js'

const NOT_FOUND = { ownNotFound: true }

const HOSTS = {
  fastify: { ...NOT_FOUND, name: 'Fastify under ekiben run' },
  express: { ...NOT_FOUND, poweredBy: true, name: 'Express under ekiben run' },
  'nest-fastify': { ...NOT_FOUND, ownParsers: true, name: 'Nest on Fastify under ekiben run' },
  koa: { ...NOT_FOUND, name: 'Koa under ekiben run' },
}

for (const [framework, traits] of Object.entries(HOSTS)) {
  hostConformance((given) => hostWithPools(given, framework, 'run'), traits)
}
