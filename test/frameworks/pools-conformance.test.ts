import { hostConformance } from '@ekiben/core/testing'
import { hostWithPools } from '../helpers/host-with-pools.js'

const NOT_FOUND = { ownNotFound: true }

const HOSTS = {
  fastify: { ...NOT_FOUND, name: 'Fastify with pools of its own' },
  express: { ...NOT_FOUND, poweredBy: true, name: 'Express with pools of its own' },
  nest: { ...NOT_FOUND, ownParsers: true, poweredBy: true, name: 'Nest with pools of its own' },
}

for (const [framework, traits] of Object.entries(HOSTS)) {
  hostConformance((given) => hostWithPools(given, framework, 'pools'), traits)
}
