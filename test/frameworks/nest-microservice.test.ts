import assert from 'node:assert/strict'
import type { AddressInfo, Server } from 'node:net'
import { describe, it } from 'node:test'
import { defineService, type ServiceClient } from '@ekiben/core'
import { InjectService, ServeModule, type ServeModuleOptions } from '@ekiben/nest-module'
import { Controller, type INestMicroservice } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { ClientProxyFactory, MessagePattern, Transport } from '@nestjs/microservices'
import { firstValueFrom } from 'rxjs'
import { moduleOf, PLATFORMS, startNest } from '../helpers/nest-app.js'
import { silentLog } from '../helpers/silent-log.js'

const happened: string[] = []

const Counter = defineService(
  class Counter {
    #count = 0
    onStart() {
      happened.push('started')
    }
    onStop() {
      happened.push('stopped')
    }
    next() {
      this.#count++
      return { count: this.#count }
    }
  },
  { name: 'Counter', apis: { next: {} } },
)

/** Answers messages with what a service says. */
class Messages {
  readonly #counter: ServiceClient<typeof Counter>
  constructor(counter: ServiceClient<typeof Counter>) {
    this.#counter = counter
  }
  next() {
    return this.#counter.next()
  }
}
Controller()(Messages)
InjectService(Counter)(Messages, undefined, 0)
MessagePattern('next')(
  Messages.prototype,
  'next',
  Object.getOwnPropertyDescriptor(Messages.prototype, 'next') as PropertyDescriptor,
)

const TCP = { transport: Transport.TCP, options: { host: '127.0.0.1', port: 0 } } as const
const rootOf = (options: ServeModuleOptions) => ({
  imports: [ServeModule.forRoot({ log: silentLog, ...options })],
  controllers: [Messages],
})

/** What the microservice that listens on it answers to a message. */
async function ask(server: Server, pattern: string): Promise<unknown> {
  const { port } = server.address() as AddressInfo
  const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } })
  try {
    return await firstValueFrom(client.send(pattern, {}))
  } finally {
    client.close()
  }
}

function create(options: ServeModuleOptions): Promise<INestMicroservice> {
  return NestFactory.createMicroservice(moduleOf(rootOf(options)), { ...TCP, logger: false, abortOnError: false })
}

describe('a Nest microservice', () => {
  it('calls the services that it uses, and stops them when it closes', async () => {
    happened.length = 0
    const app = await create({ uses: [Counter] })
    await app.listen()
    try {
      assert.deepEqual(await ask(app.unwrap(), 'next'), { count: 1 })
      assert.deepEqual(await ask(app.unwrap(), 'next'), { count: 2 })
    } finally {
      await app.close()
    }
    assert.deepEqual(happened, ['started', 'stopped'])
  })

  it('mounts none, and says so', async () => {
    const app = await create({ services: [Counter] })
    await assert.rejects(app.listen(), {
      code: 'EKB_ERR_NEST_NO_HTTP_ADAPTER',
      hint: /NestFactory\.create\(\), or name the service in uses/,
    })
    await app.close()
  })

  for (const [platform, makeAdapter] of Object.entries(PLATFORMS)) {
    it(`shares its services with an HTTP app on ${platform} that it is connected to`, async () => {
      let unwrap: () => Server = () => assert.fail('there is no microservice')
      await using app = await startNest(makeAdapter(), rootOf({ services: [Counter] }), {
        set: (nest) => {
          const connected = nest.connectMicroservice({ ...TCP })
          unwrap = () => connected.unwrap()
        },
      })
      await app.app.startAllMicroservices()
      assert.deepEqual(await (await app.post('/next')).json(), { count: 1 })
      assert.deepEqual(await ask(unwrap(), 'next'), { count: 2 })
    })
  }
})
