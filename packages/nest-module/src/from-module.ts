import type { ServiceClass } from '@ekiben/core'
import type { DynamicModule, INestApplicationContext, Type } from '@nestjs/common'
import { ModulesContainer, NestFactory } from '@nestjs/core'
import { makeInstance } from './make-instance.js'
import { kFromModule } from './marks.js'

type ModuleClass = Type | DynamicModule

/** Nest's own, such as `logger`. */
type ContextOptions = NonNullable<Parameters<typeof NestFactory.createApplicationContext>[1]>

/**
 * Lets a service that runs in a pool have providers: an application context of the module, in each worker, makes it, and
 * closes when it stops. In an app that mounts the service, the app itself makes it.
 *
 * @example
 * @service({ workers: 2, create: fromModule(() => PdfModule) })
 * export class PdfRenderer { constructor(@Inject(Fonts) fonts: Fonts) { … } }
 */
export function fromModule(
  load: () => ModuleClass | Promise<ModuleClass>,
  options: ContextOptions = {},
): (service: ServiceClass) => Promise<never> {
  const create = async (service: ServiceClass): Promise<never> => {
    const module = await load()
    // Nest would end the process where a provider cannot be made.
    const context = await NestFactory.createApplicationContext(module, { abortOnError: false, ...options })
    try {
      const modules = [...context.get(ModulesContainer).values()]
      const metatype = 'module' in module ? module.module : module
      const own = modules.filter((each) => each.metatype === metatype)
      return closing((await makeInstance(service, modules, own)) as Stopping, context) as never
    } catch (error) {
      await context.close()
      throw error
    }
  }
  return Object.assign(create, { [kFromModule]: true })
}

interface Stopping {
  onStop?(): unknown
}

/** Closes the context after the service has stopped. */
function closing(instance: Stopping, context: INestApplicationContext): Stopping {
  const { onStop } = instance
  const value = async (): Promise<void> => {
    try {
      await onStop?.call(instance)
    } finally {
      await context.close()
    }
  }
  return Object.defineProperty(instance, 'onStop', { value, configurable: true })
}
