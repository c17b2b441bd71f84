import { setTimeout as sleep } from 'node:timers/promises'
import type { ServiceCallError } from '../../call/service-call-error.js'
import { ServiceError } from '../../errors/service-error.js'
import type { CallContext } from '../../service/call-context.js'
import { defineService } from '../../service/define-service.js'
import type { ServiceClient } from '../../service/service-client.js'

/** What happened in the services, for whoever waits for it. */
const happened: string[] = []

const text = { type: 'string', minLength: 1 } as const
const words = { type: 'object', properties: { words: { type: 'number' } }, required: ['words'] } as const

/** What `Texts` calls. */
export const Words = defineService(
  class Words {
    async count({ text }: { text: string }) {
      return { words: text.split(/\s+/).filter(Boolean).length }
    }

    refuse(): never {
      throw new ServiceError('No such text', { statusCode: 404, code: 'TEXT_UNKNOWN', detail: { id: 7 } })
    }

    async wait({ ms }: { ms: number }, context: CallContext) {
      const { requestId, signal } = context
      happened.push(`began ${requestId}`)
      signal.addEventListener('abort', () => happened.push(`cancelled ${requestId}`))
      await sleep(ms, undefined, { signal }).catch(() => {})
      return { requestId }
    }

    told(_input: unknown, { traceparent, deadline }: CallContext) {
      return { traceparent, deadline }
    }

    happened() {
      return happened
    }
  },
  {
    name: 'ConformanceWords',
    apis: {
      count: { input: { type: 'object', properties: { text }, required: ['text'] }, output: words },
      refuse: {},
      wait: {},
      told: {},
      happened: {},
    },
  },
)

class Holding {
  /** Until its client leaves, or its time is up. */
  hold(_input: unknown, { signal }: CallContext): Promise<unknown> {
    return new Promise((resolve) => signal.addEventListener('abort', resolve))
  }
}

/** Runs one call at a time, and lets one wait. */
export const Narrow = defineService(
  class Narrow extends Holding {
    pass() {
      return 'passed'
    }
  },
  { name: 'Narrow', apis: { hold: {}, pass: {} }, traffic: { maxConcurrency: 1, maxQueue: 1 } },
)

/** What a host is tested with: an api for each thing that hosts must do alike. */
export const Texts = defineService(
  class Texts {
    declare readonly words: ServiceClient<typeof Words>
    declare readonly lane: ServiceClient<typeof Narrow>

    async count({ text, times = 1 }: { text: string; times?: number }) {
      const { words } = await this.words.count({ text })
      return { words: words * times }
    }

    shout({ text }: { text: string }) {
      return text.toUpperCase()
    }

    echo(value: unknown) {
      return value
    }

    async upload({ file, times }: { file: File; times: number }) {
      const content = await file.text()
      return { name: file.name, type: file.type, bytes: file.size, start: content.slice(0, 3).repeat(times) }
    }

    async *ticks({ to, fails = false }: { to: number; fails?: boolean }) {
      for (let n = 1; n <= to; n++) yield { n }
      if (fails) throw new ServiceError('No more ticks', { statusCode: 409, code: 'TICKS_OUT' })
    }

    async *tokens({ words: tokens }: { words: string[] }) {
      yield* tokens
    }

    async *counts({ texts }: { texts: string[] }) {
      for (const each of texts) yield this.words.count({ text: each })
    }

    async *endless(_input: unknown, { signal, requestId }: CallContext) {
      try {
        for (let n = 1; !signal.aborted; n++) {
          yield { n }
          await sleep(5)
        }
      } finally {
        happened.push(`ended ${requestId}`)
      }
    }

    /** Until the host begins to stop. */
    async *lasting(_input: unknown, { draining }: CallContext) {
      yield { n: 1 }
      if (!draining.aborted) await new Promise((resolve) => draining.addEventListener('abort', resolve))
      yield { n: 2 }
    }

    picture() {
      return new File(['png!'], 'a.png', { type: 'image/png' })
    }

    context(_input: unknown, context: CallContext) {
      const { requestId, service, slot, headers, response } = context
      response.statusCode = 201
      response.setHeader('x-own', 'yes')
      response.setCookie('seen', 'once')
      response.setCookie('and', 'twice')
      return { requestId, service, slot, agent: headers?.['user-agent'] }
    }

    refuses(): never {
      throw new ServiceError('No such order', { statusCode: 409, code: 'ORDER_TAKEN', detail: { id: 7 } })
    }

    throws(): never {
      throw Object.assign(new Error('a secret of the house'), { status: 418 })
    }

    cyclic() {
      const value: { self?: unknown } = {}
      value.self = value
      return value
    }

    big() {
      return { n: 1n }
    }

    lies() {
      return { words: 'many' }
    }

    below() {
      return this.words.refuse()
    }

    async belowAsOwn() {
      try {
        return await this.words.refuse()
      } catch (error) {
        throw (error as ServiceCallError).asOwn()
      }
    }

    belowBad() {
      return this.words.count({ text: 5 as unknown as string })
    }

    belowUnsendable() {
      return this.words.count({ text: 'a', more: () => 1 } as { text: string })
    }

    hold() {
      return this.lane.hold()
    }

    pass() {
      return this.lane.pass()
    }

    wait(input: { ms: number }) {
      return this.words.wait(input)
    }

    /** What the call is told of its client, here and below. */
    async told(_input: unknown, { traceparent, deadline }: CallContext) {
      return [{ traceparent, deadline }, await this.words.told()]
    }

    /** Here and there: that may be two processes. */
    async happened() {
      return [...happened, ...(await this.words.happened())]
    }
  },
  {
    name: 'Texts',
    apis: {
      count: {
        input: { type: 'object', properties: { text, times: { type: 'integer', default: 1 } }, required: ['text'] },
        output: words,
      },
      shout: { route: '/loud/shout', input: { type: 'object', properties: { text }, required: ['text'] } },
      echo: { bodyLimit: 1000 },
      upload: {
        input: {
          type: 'object',
          properties: { file: { type: 'string', format: 'binary' }, times: { type: 'number', default: 1 } },
          required: ['file'],
        },
      },
      ticks: {},
      tokens: {},
      counts: {},
      endless: {},
      lasting: {},
      picture: {},
      context: {},
      refuses: {},
      throws: {},
      cyclic: {},
      big: {},
      lies: { output: words },
      below: {},
      belowAsOwn: {},
      belowBad: {},
      belowUnsendable: {},
      hold: {},
      pass: {},
      wait: {},
      told: {},
      happened: {},
    },
    dependencies: { words: Words, lane: Narrow },
  },
)

/** Gives its calls little time. */
export const Hurried = defineService(class Hurried extends Holding {}, {
  name: 'Hurried',
  apis: { hold: {} },
  traffic: { timeoutMs: 100 },
})
