import type { ServiceClass } from '@ekiben/core'
import { serviceName } from '@ekiben/core/adapter'
import { Inject } from '@nestjs/common'

/** Own property of a service class, by a name that both builds of this package know: what its client is provided as. */
const kToken: unique symbol = Symbol.for('ekiben.nest.token') as never

/**
 * What the client of a service is provided as.
 *
 * @example
 * Test.createTestingModule({ imports: [AppModule] }).overrideProvider(getServiceToken(Embedder)).useValue(fake)
 *
 * @throws EKB_ERR_MOUNT_NOT_A_SERVICE
 */
export function getServiceToken(service: ServiceClass): symbol {
  const name = serviceName(service, 'getServiceToken()')
  const holder = service as ServiceClass & { [kToken]?: symbol }
  if (!Object.hasOwn(holder, kToken)) Object.defineProperty(holder, kToken, { value: Symbol(`ServiceClient(${name})`) })
  return holder[kToken] as symbol
}

/** Injects a typed client of a service: `constructor(@InjectService(Embedder) embedder: ServiceClient<Embedder>)`. */
export function InjectService(service: ServiceClass): PropertyDecorator & ParameterDecorator {
  return Inject(getServiceToken(service))
}
