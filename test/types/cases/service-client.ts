import type { CallOptions, ServiceClient } from '@ekiben/core'
import { type Equal, expectType } from './expect-type.js'

class Texts {
  field = 'no method'
  readonly #secret = 1
  private hidden(): number {
    return this.#secret
  }
  protected guarded(): number {
    return this.hidden()
  }
  async classify(_input: { text: string }, _context: unknown): Promise<{ label: string }> {
    return { label: String(this.guarded()) }
  }
  count(_input: { text: string }): number {
    return 1
  }
  languages(): string[] {
    return []
  }
  maybe(_input?: { limit: number }): void {}
  async *stream(_input: { text: string }): AsyncGenerator<string, void> {}
  *items(): Generator<number> {}
  // biome-ignore lint/suspicious/noExplicitAny: what is tested
  anything(input: any): any {
    return input
  }
  bytes(_input: Uint8Array): Uint8Array {
    return new Uint8Array()
  }
  onStart(): void {}
  onStop(): void {}
  isReady(): boolean {
    return true
  }
  isAlive(): boolean {
    return true
  }
}

type Client = ServiceClient<Texts>

// Public methods, but the lifecycle and fields.
expectType<
  Equal<keyof Client, 'classify' | 'count' | 'languages' | 'maybe' | 'stream' | 'items' | 'anything' | 'bytes'>
>()

expectType<Equal<Client['classify'], (input: { text: string }, options?: CallOptions) => Promise<{ label: string }>>>()
expectType<Equal<Client['count'], (input: { text: string }, options?: CallOptions) => Promise<number>>>()
expectType<Equal<Client['languages'], (input?: undefined, options?: CallOptions) => Promise<string[]>>>()
expectType<Equal<Client['maybe'], (input?: { limit: number } | undefined, options?: CallOptions) => Promise<void>>>()
expectType<Equal<Client['stream'], (input: { text: string }, options?: CallOptions) => AsyncIterable<string>>>()
expectType<Equal<Client['items'], (input?: undefined, options?: CallOptions) => AsyncIterable<number>>>()
// biome-ignore lint/suspicious/noExplicitAny: what is tested
expectType<Equal<ReturnType<Client['anything']>, Promise<any>>>()
expectType<Equal<ReturnType<Client['bytes']>, Promise<Uint8Array>>>()

// The class itself is taken as well as its instances.
expectType<Equal<ServiceClient<typeof Texts>, Client>>()

declare const client: Client
const { signal } = new AbortController()
client.classify({ text: 'a' }, { signal, timeoutMs: 100, idempotent: true }).then(({ label }) => label.length)
client.languages(undefined, { timeoutMs: 5 })

// @ts-expect-error the input is checked
client.classify({ txt: 'a' })
// @ts-expect-error the input is required
client.classify()
// @ts-expect-error so are the options
client.classify({ text: 'a' }, { timeout: 5 })
// @ts-expect-error a lifecycle method cannot be called
client.onStart()
// @ts-expect-error nor can a private one
client.hidden()
// @ts-expect-error the answer is a promise
client.count({ text: 'a' }).toFixed()
// @ts-expect-error methods cannot be replaced
client.count = async () => 1
