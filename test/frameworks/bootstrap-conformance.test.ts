import { hostConformance } from '@ekiben/core/testing'
import { supervisedHost } from '../helpers/supervised-host.js'

hostConformance((given) => supervisedHost(given, 'nest', 'bootstrap'), {
  name: 'Nest by bootstrapProduction',
  ownNotFound: true,
  ownParsers: true,
  poweredBy: true,
})
hostConformance((given) => supervisedHost(given, 'fetch', 'bootstrap'), { name: 'Mount.fetch by bootstrapProduction' })
