import { defineService, type ServiceClient } from '@ekiben/core'
import {
  connectClient,
  createClient,
  type DynamicClient,
  type HttpCallOptions,
  type HttpClient,
} from '@ekiben/core/client'
import { z } from 'zod'
import { type Equal, expectType } from './expect-type.js'

class Images {
  async classify(_input: { text: string }, _context: unknown): Promise<{ label: string }> {
    return { label: '' }
  }
  ping(): number {
    return 1
  }
  render(_input: { text: string }): Buffer {
    return Buffer.alloc(0)
  }
  async fetched(_input: Blob): Promise<Response> {
    return new Response()
  }
  async *tokens(_input: { text: string }): AsyncGenerator<string, void> {}
  // biome-ignore lint/suspicious/noExplicitAny: what is tested
  anything(input: any): any {
    return input
  }
  onStop(): void {}
}

type Client = HttpClient<Images>

expectType<Equal<keyof Client, 'classify' | 'ping' | 'render' | 'fetched' | 'tokens' | 'anything'>>()
expectType<
  Equal<Client['classify'], (input: { text: string }, options?: HttpCallOptions) => Promise<{ label: string }>>
>()
expectType<Equal<Client['ping'], (input?: undefined, options?: HttpCallOptions) => Promise<number>>>()
expectType<Equal<ReturnType<Client['render']>, Promise<Blob>>>()
expectType<Equal<ReturnType<Client['fetched']>, Promise<Blob>>>()
expectType<Equal<Client['tokens'], (input: { text: string }, options?: HttpCallOptions) => AsyncIterable<string>>>()
// biome-ignore lint/suspicious/noExplicitAny: what is tested
expectType<Equal<ReturnType<Client['anything']>, Promise<any>>>()
expectType<Equal<HttpClient<typeof Images>, Client>>()

// What defineService made: exactly the apis listed, with the input types of their schemas.
const Counter = defineService(
  class Counter {
    count({ text, times }: { text: string; times: number }) {
      return { words: text.length * times }
    }
    hidden() {}
  },
  { apis: { count: { input: z.object({ text: z.string(), times: z.number().default(1) }) } } },
)

const counter = createClient<typeof Counter>('http://localhost', {
  timeoutMs: 5,
  headers: async () => ({ authorization: 'Bearer x' }),
  apis: { count: { route: '/v1/count', answer: 'json' } },
})
counter
  .count({ text: 'a' }, { signal: new AbortController().signal, idempotent: true })
  .then(({ words }) => words.toFixed())

// It stands where the client of a dependency does.
const asDependency: ServiceClient<typeof Counter> = counter
asDependency.count({ text: 'a' }, { timeoutMs: 5 })

// @ts-expect-error the input is checked
counter.count({ txt: 'a' })
// @ts-expect-error only apis can be called
counter.hidden()
// @ts-expect-error options are known by name
createClient<typeof Counter>('http://localhost', { timeout: 5 })
// @ts-expect-error only apis have options
createClient<typeof Counter>('http://localhost', { apis: { hidden: { route: '/x' } } })
// @ts-expect-error answers are known by name
createClient<typeof Counter>('http://localhost', { apis: { count: { answer: 'xml' } } })

declare const images: Client
images.fetched(new Uint8Array())
images.fetched(new File([], 'a'))
// @ts-expect-error a Blob comes back
images.render({ text: 'a' }).then((bytes) => bytes.byteLength)

async function connect(): Promise<void> {
  const typed = await connectClient<typeof Counter>('http://localhost', { readyWithinMs: 5 })
  expectType<Equal<typeof typed, HttpClient<typeof Counter>>>()
  const dynamic = await connectClient('http://localhost')
  expectType<Equal<typeof dynamic, DynamicClient>>()
  const result = await dynamic.anything?.({ any: 1 })
  result.whatever
  for await (const item of dynamic.items?.() ?? []) item.whatever
}
void connect
