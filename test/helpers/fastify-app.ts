import { defineService, type ServiceClass } from '@ekiben/core'
import { type ServePluginOptions, servePlugin } from '@ekiben/fastify-plugin'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'

/** What the services of `shop()` did, in order. */
export type ShopEvents = string[]

/** Services of their own for each test: what they do is written down. */
export function shop(events: ShopEvents = []) {
  const Counter = defineService(
    class Counter {
      #count = 0
      onStart() {
        events.push('Counter started')
      }
      next() {
        this.#count++
        return { count: this.#count }
      }
      onStop() {
        events.push('Counter stopped')
      }
    },
    { name: 'Counter', apis: { next: {} } },
  )
  const Orders = defineService(
    class Orders {
      declare counter: { next(): Promise<{ count: number }> }
      async onStart() {
        events.push('Orders started')
      }
      async place({ item }: { item?: string }) {
        return { item, ...(await this.counter.next()) }
      }
      fail() {
        throw new Error('shelf 7 is empty')
      }
      async onStop() {
        events.push('Orders stopped')
      }
    },
    { name: 'Orders', dependencies: { counter: Counter }, apis: { place: { description: 'Places it' }, fail: {} } },
  )
  return { Counter, Orders, events }
}

/** One line of an app's log. */
export interface LogLine {
  readonly level: number
  readonly msg: string
  readonly [field: string]: unknown
}

export interface AppUnderTest extends AsyncDisposable {
  readonly app: FastifyInstance
  /** What the app has logged, from `warn` on. */
  readonly lines: LogLine[]
}

/** A Fastify app that logs into a list, and closes at the end of the test. Give it to `await using`. */
export function fastifyApp(options: FastifyServerOptions = {}): AppUnderTest {
  const lines: LogLine[] = []
  const stream = { write: (line: string) => lines.push(JSON.parse(line)) }
  const app = Fastify({ logger: { level: 'warn', stream }, ...options })
  return { app, lines, [Symbol.asyncDispose]: () => app.close() }
}

/** The same with one registration of the plugin. */
export function appWith(options: ServePluginOptions | ServiceClass, server: FastifyServerOptions = {}): AppUnderTest {
  const under = fastifyApp(server)
  under.app.register(servePlugin, options)
  return under
}

/** POSTs JSON to an app without a port. */
export function post(app: FastifyInstance, url: string, payload: object = {}) {
  return app.inject({ method: 'POST', url, payload })
}
