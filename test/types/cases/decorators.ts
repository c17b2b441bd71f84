import { api, type CallContext, depends, type ServiceClient, ServiceError, service } from '@ekiben/core'
import { z } from 'zod'
import { type Equal, expectType } from './expect-type.js'

@service({ workers: 2 })
class Embedder {
  @api({ input: z.object({ texts: z.array(z.string()) }), output: z.array(z.array(z.number())) })
  async embed({ texts }: { texts: string[] }) {
    return texts.map((text) => [text.length])
  }
}

@service({ name: 'other', workers: 'cpu', env: { A: '1' }, maxHeapBytes: '300M', restart: { factor: 2 } })
class Other {
  @api({ route: '/anything', idempotent: true })
  async anything({ a, b }: { a: number; b: Date }, context: CallContext): Promise<string> {
    return `${a} ${b} ${context.requestId}`
  }

  @api()
  nothing(): number {
    return 1
  }

  // What input yields, not what it takes: a default and a transformation.
  @api({ input: z.object({ n: z.string().transform(Number), unit: z.string().default('kg') }) })
  weigh({ n, unit }: { n: number; unit: string }): string {
    return `${n.toFixed()} ${unit}`
  }

  // A wider parameter is fine.
  @api({ input: z.object({ a: z.string() }) })
  wide(input: { a: string | number }): unknown {
    return input
  }

  @api({ input: z.object({ image: z.file(), more: z.array(z.file()) }) })
  files({ image, more }: { image: File; more: File[] }): Blob {
    return new Blob([image, ...more])
  }

  // @ts-expect-error a file is no string
  @api({ input: z.object({ image: z.file() }) })
  noFile({ image }: { image: string }): string {
    return image
  }

  @api({ input: { type: 'object' } as const, output: { type: 'string' } })
  jsonSchema(input: { any: string }): string {
    return input.any
  }

  @api({ output: z.object({ token: z.string() }), stream: true })
  async *tokens(): AsyncGenerator<{ token: string }> {
    yield { token: 'a' }
  }

  // What output takes, not what it yields.
  @api({ output: z.object({ n: z.number().default(1) }) })
  defaults(): { n?: number | undefined } {
    return {}
  }

  @api({ input: z.string(), bodyLimit: '1M', mediaType: 'text/csv', description: 'A table', deprecated: true })
  async table(text: string, { signal, response, log }: CallContext): Promise<string> {
    if (signal.aborted) throw new ServiceError('gone', { statusCode: 499 })
    response.statusCode = 201
    response.setCookie('seen', '1', { maxAge: 60, sameSite: 'lax', httpOnly: true })
    // @ts-expect-error sameSite is one of three
    response.setCookie('seen', '1', { sameSite: 'often' })
    log.info({ length: text.length }, 'table')
    return text
  }
}

@service({ traffic: { timeoutMs: 30_000 }, dependencies: { far: { url: 'http://far' } } })
class TextClassifier {
  @depends(Embedder) embedder!: ServiceClient<Embedder>
  @depends(() => Other, { optional: true }) other?: ServiceClient<Other>
  @depends({ url: 'http://far', service: Other, forwardHeaders: ['authorization'] }) far!: ServiceClient<Other>

  static readonly labels = ['a', 'b']

  @api({ input: z.object({ text: z.string() }), output: z.object({ label: z.string(), score: z.number() }) })
  async classify({ text }: { text: string }) {
    const [vector] = await this.embedder.embed({ texts: [text] })
    expectType<Equal<typeof vector, number[] | undefined>>()
    return { label: 'a', score: vector?.[0] ?? 0 }
  }
}

// Decorating changes no type.
expectType<Equal<ConstructorParameters<typeof TextClassifier>, []>>()
expectType<Equal<typeof TextClassifier.labels, string[]>>()
void new TextClassifier().classify({ text: 'a' }).then(({ score }) => score.toFixed())
class Sub extends TextClassifier {}
void new Sub().embedder.embed({ texts: [] })

export class Wrong {
  // @ts-expect-error the parameter is not what input yields
  @api({ input: z.object({ text: z.string() }) })
  parameter({ text }: { text: number }) {
    return text
  }

  // @ts-expect-error it takes what input yields, which is a number
  @api({ input: z.string().transform(Number) })
  transformed(text: string) {
    return text
  }

  // @ts-expect-error the result is not what output takes
  @api({ output: z.object({ label: z.string() }) })
  async result() {
    return { label: 1 }
  }

  // @ts-expect-error an item is not what output takes
  @api({ output: z.string() })
  async *items() {
    yield 1
  }

  // @ts-expect-error the second parameter is the call's context
  @api()
  context(_input: unknown, _context: string) {}

  // @ts-expect-error an unknown option
  @api({ rout: '/x' })
  option() {}

  // @ts-expect-error a field is no api
  @api()
  field = 1

  // @ts-expect-error no service
  @depends('Embedder')
  dependency!: unknown
}

// @ts-expect-error an unknown option
@service({ worker: 2 })
export class WrongOption {}

// @ts-expect-error an impossible value
@service({ workers: 'many' })
export class WrongValue {}

@service({ threads: true })
export class InThreads {}

// @ts-expect-error how many they are is what `workers` says
@service({ threads: 2 })
export class WrongThreads {}

export class WrongPlace {
  // @ts-expect-error a method is no service
  @service()
  method() {}
}
