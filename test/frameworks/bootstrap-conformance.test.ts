import { hostConformance } from '@ekiben/core/testing'
import { hostWithPools } from '../helpers/host-with-pools.js'

const NOT_FOUND = { ownNotFound: true }

const HOSTS = {
  nest: { ...NOT_FOUND, ownParsers: true, poweredBy: true, name: 'Nest by bootstrapProduction' },
  fastify: { ...NOT_FOUND, name: 'Fastify by bootstrapProduction' },
  express4: { ...NOT_FOUND, poweredBy: true, name: 'Express 4 by bootstrapProduction' },
  fetch: { name: 'Mount.fetch by bootstrapProduction' },
}

for (const [framework, traits] of Object.entries(HOSTS)) {
  hostConformance((given) => hostWithPools(given, framework, 'bootstrap'), traits)
}
