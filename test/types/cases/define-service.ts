import {
  type CallContext,
  type CallOptions,
  defineService,
  depends,
  isServiceError,
  resolveService,
  type ServiceClass,
  type ServiceClient,
  service,
} from '@ekiben/core'
import { z } from 'zod'
import { type Equal, expectType } from './expect-type.js'

class EmbedderClass {
  static model = 'use-lite'
  readonly dimensions: number
  constructor(dimensions = 512) {
    this.dimensions = dimensions
  }
  async embed({ texts, normalise }: { texts: string[]; normalise: boolean }, _context: CallContext) {
    return texts.map(() => [normalise ? this.dimensions : 0])
  }
  async *stream(_input: { text: string }) {
    yield 1
  }
  internal(): void {}
}

const Embedder = defineService(EmbedderClass, {
  workers: 2,
  create: () => new EmbedderClass(3),
  apis: {
    embed: {
      input: z.object({ texts: z.array(z.string()), normalise: z.boolean().default(true) }),
      output: z.array(z.array(z.number())),
    },
    stream: { output: z.number().transform(String) },
  },
})

// Exactly the apis that are listed; arguments as the schema takes them, results as it yields them.
type Client = ServiceClient<typeof Embedder>
expectType<Equal<keyof Client, 'embed' | 'stream'>>()
expectType<
  Equal<
    Client['embed'],
    (input: { texts: string[]; normalise?: boolean | undefined }, options?: CallOptions) => Promise<number[][]>
  >
>()
expectType<Equal<Client['stream'], (input: { text: string }, options?: CallOptions) => AsyncIterable<string>>>()

// It is still the class.
expectType<Equal<typeof Embedder.model, string>>()
expectType<Equal<InstanceType<typeof Embedder>['dimensions'], number>>()
const asService: ServiceClass = Embedder
class Sub extends Embedder {}
service()(Sub)

const TextClassifier = defineService(
  class TextClassifier {
    embedder!: Client
    async classify({ text }: { text: string }) {
      const vectors = await this.embedder.embed({ texts: [text] }, { timeoutMs: 100 })
      return { label: 'a', score: vectors.length }
    }
  },
  {
    name: 'text-classifier',
    dependencies: { embedder: Embedder, lazy: () => Embedder, maybe: depends(Embedder, { optional: true }) },
    apis: { classify: { idempotent: true, route: '/v1' } },
  },
)
expectType<
  Equal<
    ServiceClient<typeof TextClassifier>['classify'],
    (input: { text: string }, options?: CallOptions) => Promise<{ label: string; score: number }>
  >
>()

// Without apis: every public method, as for a decorated class.
const Plain = defineService(
  class Plain {
    run(): number {
      return 1
    }
    onStart(): void {}
  },
)
expectType<Equal<keyof ServiceClient<typeof Plain>, 'run'>>()
const Named = defineService(
  class Named {
    run(): void {}
  },
  { name: 'named' },
)
expectType<Equal<keyof ServiceClient<typeof Named>, 'run'>>()

class Methods {
  run(input: { a: string }): { b: number } {
    return { b: input.a.length }
  }
  value = 1
  onStart(): void {}
}
// @ts-expect-error no such method
defineService(Methods, { apis: { walk: {} } })
// @ts-expect-error not even beside one that exists
defineService(Methods, { apis: { run: {}, walk: {} } })
// @ts-expect-error no method
defineService(Methods, { apis: { value: {} } })
// @ts-expect-error a lifecycle method
defineService(Methods, { apis: { onStart: {} } })
// @ts-expect-error an unknown api option
defineService(Methods, { apis: { run: { rout: '/x' } } })
// @ts-expect-error the method does not take what input yields
defineService(Methods, { apis: { run: { input: z.object({ a: z.number() }) } } })
// @ts-expect-error the method does not return what output takes
defineService(Methods, { apis: { run: { output: z.object({ b: z.string() }) } } })
// @ts-expect-error an unknown option
defineService(Methods, { worker: 1 })
// @ts-expect-error an unknown option beside apis
defineService(Methods, { worker: 1, apis: { run: {} } })
// @ts-expect-error create makes something else
defineService(Methods, { create: () => 1, apis: { run: {} } })
// @ts-expect-error no class
defineService({})
// @ts-expect-error no target
defineService(Methods, { dependencies: { a: 'Embedder' }, apis: { run: {} } })

resolveService('./service.ts:TextClassifier', { workingDir: '.' }).then((found) =>
  expectType<Equal<typeof found, ServiceClass>>(),
)

try {
  asService.toString()
} catch (error) {
  if (isServiceError(error, 'EKB_ERR_TIMEOUT')) expectType<Equal<typeof error.statusCode, number>>()
}
