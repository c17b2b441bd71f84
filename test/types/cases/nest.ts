import { defineService, type ServiceClient } from '@ekiben/core'
import {
  fromModule,
  getServiceToken,
  InjectService,
  ServeModule,
  type ServeModuleAsyncOptions,
  type ServeModuleOptions,
} from '@ekiben/nest-module'
import type { DynamicModule, ModuleMetadata } from '@nestjs/common'
import { z } from 'zod'
import { type Equal, expectType } from './expect-type.js'

const Embedder = defineService(
  class Embedder {
    embed({ texts }: { texts: string[] }): number[][] {
      return texts.map(() => [1])
    }
    helper() {}
  },
  { apis: { embed: { input: z.object({ texts: z.array(z.string()) }) } } },
)

class Fonts {}
class FontsModule {}

const Printer = defineService(
  class Printer {
    readonly fonts: Fonts
    constructor(fonts: Fonts) {
      this.fonts = fonts
    }
    print() {
      return { printed: true }
    }
  },
  { apis: { print: {} }, create: fromModule(() => FontsModule, { logger: false }) },
)
fromModule(async () => ({ module: FontsModule, providers: [Fonts] }))
// @ts-expect-error it is loaded when it is needed
fromModule(FontsModule)

const modules = [
  ServeModule.forRoot({ services: [Printer], uses: [Embedder], prefix: 'ml', system: 'probes', isGlobal: false }),
  ServeModule.forRootAsync({ services: [Printer], inject: ['PREFIX'], useFactory: (prefix: string) => ({ prefix }) }),
  ServeModule.forFeature([Embedder, Printer]),
]
expectType<Equal<typeof modules, DynamicModule[]>>()
const metadata: ModuleMetadata = { imports: modules }
const options: ServeModuleOptions = { services: [Printer], errors: 'ekiben', dependencies: 'inline' }
class ServeConfig {
  createServeOptions() {
    return { prefix: 'ml' }
  }
}
const late: ServeModuleAsyncOptions = { uses: [Embedder], useClass: ServeConfig }
void [metadata, options, late]
// @ts-expect-error no such option
ServeModule.forRoot({ servces: [Printer] })
// @ts-expect-error one of its values
ServeModule.forRoot({ services: [Printer], system: 'some' })
// @ts-expect-error a service is a class
ServeModule.forFeature(['Printer'])
// @ts-expect-error a prefix is for the factory
ServeModule.forRootAsync({ services: [Printer], prefix: 'ml', useFactory: () => ({}) })
// @ts-expect-error services stay static
ServeModule.forRootAsync({ useFactory: () => ({ services: [Printer] }) })
// @ts-expect-error a class that makes no options
ServeModule.forRootAsync({ services: [Printer], useClass: Fonts })

// What is injected has the type of a client, wherever Nest injects: in constructors and in properties.
const inject = InjectService(Embedder)
expectType<Equal<typeof inject, PropertyDecorator & ParameterDecorator>>()
const token = getServiceToken(Embedder)
expectType<Equal<typeof token, symbol>>()
// @ts-expect-error a service is a class
InjectService('Embedder')
declare const embedder: ServiceClient<typeof Embedder>
expectType<Equal<ReturnType<typeof embedder.embed>, Promise<number[][]>>>()
embedder.embed({ texts: ['a'] }, { timeoutMs: 100 })
// @ts-expect-error the input is checked
embedder.embed({ text: 'a' })
// @ts-expect-error no api
embedder.helper()
