import { hostConformance } from '@ekiben/core/testing'
import { supervisedHost } from '../helpers/supervised-host.js'

hostConformance((given) => supervisedHost(given, 'fastify', 'run'), {
  name: 'Fastify under ekiben run',
  ownNotFound: true,
})
hostConformance((given) => supervisedHost(given, 'express', 'run'), {
  name: 'Express under ekiben run',
  ownNotFound: true,
  poweredBy: true,
})
