import { createServer, type IncomingMessage } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import { type BootstrapOptions, bootstrapProduction, defineService } from '@ekiben/core'
import type { Server } from '@ekiben/core/serving'
import { NestFactory } from '@nestjs/core'
import express from 'express'
import fastify from 'fastify'
import { type Equal, expectType } from './expect-type.js'

const Greeter = defineService(
  class Greeter {
    greet({ name }: { name: string }): string {
      return `Hello ${name}`
    }
  },
  { apis: { greet: {} } },
)

// Every kind of app, made at once or later.
const running = bootstrapProduction(() => fastify())
expectType<Equal<typeof running, Promise<Server>>>()
void bootstrapProduction(async () => NestFactory.create(class AppModule {}))
void bootstrapProduction(() => express())
void bootstrapProduction(() => createServer())
void bootstrapProduction(() => createTlsServer())
void bootstrapProduction(() => ({ server: createServer(), close: async () => {} }))
void bootstrapProduction(() => ({ fetch: async (request: Request) => new Response(request.url) }))
void bootstrapProduction(() => (request, response) => {
  expectType<Equal<typeof request, IncomingMessage>>()
  response.end()
})

void bootstrapProduction(async ({ client, signal, slot }) => {
  expectType<Equal<typeof signal, AbortSignal>>()
  expectType<Equal<typeof slot, number>>()
  const text = await client(Greeter).greet({ name: 'Ada' })
  expectType<Equal<typeof text, string>>()
  // @ts-expect-error no api of the service
  void client(Greeter).part
  return express()
})

const options: BootstrapOptions = { port: 3000, apiWorkers: 'cpu', services: [Greeter], uses: [Greeter], name: 'shop' }
void bootstrapProduction(() => express(), options)
void bootstrapProduction(() => express(), { services: { Greeter: { workers: 2 } }, handleSignals: false })
// @ts-expect-error what is served is what the function makes
void bootstrapProduction(() => express(), { identifier: 'service:Greeter' })
// @ts-expect-error no app
void bootstrapProduction(() => 'app')
// @ts-expect-error an app is made in each worker, not before
void bootstrapProduction(express())
