import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import Fastify, { type FastifyPluginCallback } from 'fastify'
import { callableClass } from './callable-class.js'

function make() {
  class Counter {
    static made = 0
    static describe() {
      const { name, made } = this
      return [name, made]
    }
    #count: number
    readonly target: unknown
    constructor(start = 0, _step = 1) {
      Counter.made += 1
      this.#count = start
      this.target = new.target
    }
    next() {
      this.#count += 1
      return this.#count
    }
    static isSelf(target: unknown) {
      return target === Counter
    }
  }
  return { Counter, Callable: callableClass(Counter, 'Counter', 'user') as unknown as typeof Counter }
}

/** As JavaScript would. */
const call = (callable: unknown, ...args: unknown[]) => (callable as (...args: unknown[]) => unknown)(...args)

describe('a callable class', () => {
  test('constructs what the class does', () => {
    const { Counter, Callable } = make()
    const instance = new Callable(5)
    assert.equal(instance.next(), 6)
    assert.ok(instance instanceof Callable && instance instanceof Counter)
    assert.ok(new Counter() instanceof Callable)
    assert.equal(Object.getPrototypeOf(instance), Counter.prototype)
  })

  test('keeps name, length and statics', () => {
    const { Counter, Callable } = make()
    assert.deepEqual([Callable.name, Callable.length], ['Counter', 0])
    assert.equal(Object.getPrototypeOf(Callable), Counter)
    new Callable()
    assert.deepEqual(Callable.describe(), ['Counter', 1])
    class Two {
      constructor(a: unknown, b: unknown) {
        assert.ok(a !== b)
      }
    }
    assert.equal(callableClass(Two, 'Two', 'user').length, 2)
  })

  test('is the constructor of its prototype', () => {
    const { Callable } = make()
    assert.equal(Callable.prototype.constructor, Callable)
    assert.deepEqual(Object.keys(Callable.prototype), [])
    assert.equal(new Callable().constructor, Callable)
  })

  test('keeps new.target: the class for itself, the subclass for a subclass', () => {
    const { Counter, Callable } = make()
    const instance = new Callable()
    assert.ok(Counter.isSelf(instance.target))
    class Sub extends Callable {
      more() {
        return this.next() * 10
      }
    }
    const sub = new Sub(1)
    assert.equal(sub.target, Sub)
    assert.equal(sub.more(), 20)
    assert.ok(sub instanceof Sub && sub instanceof Callable && sub instanceof Counter)
    assert.deepEqual(Sub.describe(), ['Sub', 2])
    assert.equal((Reflect.construct(Callable, [3], Sub) as Sub).more(), 40)
  })

  test('is new.target itself where a decorator put it in place of the class', () => {
    class Itself {
      readonly target: unknown
      constructor() {
        this.target = new.target
      }
    }
    const Callable = callableClass(Itself, 'Itself', 'callable') as unknown as typeof Itself
    assert.equal(new Callable().target, Callable)
  })

  test('shows class metadata of either class, as Nest reads it', () => {
    const below = new WeakMap<object, string>()
    const lookUp = (target: object | null): string | undefined =>
      target === null ? undefined : (below.get(target) ?? lookUp(Object.getPrototypeOf(target)))
    const { Counter, Callable } = make()
    below.set(Counter, 'set below @service')
    assert.equal(lookUp(Callable), 'set below @service')
    assert.equal(lookUp(Callable.prototype.constructor), 'set below @service')
    below.set(Callable, 'set above @service')
    assert.equal(lookUp(Callable), 'set above @service')
    assert.equal(lookUp(new Callable().constructor), 'set above @service')
  })

  test('answers a call with mount options', () => {
    const { Callable } = make()
    assert.deepEqual(call(Callable), { service: Callable })
    assert.deepEqual(call(Callable, 'an app'), { service: Callable })
  })

  test('refuses to be a plugin', () => {
    const { Callable } = make()
    assert.throws(() => call(Callable, {}, {}, () => {}), {
      code: 'EKB_ERR_SERVICE_NOT_A_PLUGIN',
      hint: 'Hand it to the adapter: app.register(servePlugin, Counter) in Fastify, app.use(serve(Counter)) in Express.',
    })
  })
})

describe('Fastify', () => {
  test('takes a service as the options of a plugin', async () => {
    const { Callable } = make()
    const app = Fastify()
    const received: unknown[] = []
    const plugin: FastifyPluginCallback = (_, options, done) => {
      received.push(options)
      done()
    }
    app.register(plugin, Callable as never)
    await app.ready()
    await app.close()
    assert.equal(received.length, 1)
    assert.equal((received[0] as { service: unknown }).service, Callable)
  })

  test('is told when a service is registered as a plugin', async () => {
    const { Callable } = make()
    const app = Fastify()
    await assert.rejects(
      async () => {
        app.register(Callable as never)
        await app.ready()
      },
      { code: 'EKB_ERR_SERVICE_NOT_A_PLUGIN' },
    )
    await app.close()
  })
})
