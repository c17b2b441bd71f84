/** A Nest app with one route: written by hand as a controller's, or with the argument `mounted` that of a service. */
import { randomUUID } from 'node:crypto'
import { Body, Controller, Get, HttpCode, Module, Post, Req, Res } from '@nestjs/common'
import { NestFactory } from '@nestjs/core'
import { tellMain } from '../hosts/told.mjs'
import { classify, Input, makeService, quiet, serveOn } from './classifier.mjs'

/** As a team would: the body is parsed by its schema, and the answer has the request's id. */
class ByHand {
  run(body, request, response) {
    const id = request.headers['x-request-id'] ?? randomUUID()
    if ('raw' in response) response.header('x-request-id', id)
    else response.set('x-request-id', id)
    return classify(Input.parse(body))
  }
}
const descriptor = Object.getOwnPropertyDescriptor(ByHand.prototype, 'run')
Controller()(ByHand)
for (const decorate of [Post('classify'), HttpCode(200)]) decorate(ByHand.prototype, 'run', descriptor)
for (const [at, decorate] of [Body(), Req(), Res({ passthrough: true })].entries())
  decorate(ByHand.prototype, 'run', at)

/** `url`: of the main file. */
export async function serveNest(adapter, url) {
  class Told {
    main() {
      return tellMain(url)
    }
  }
  Controller()(Told)
  Get('main')(Told.prototype, 'main', Object.getOwnPropertyDescriptor(Told.prototype, 'main'))
  class AppModule {}
  Module(process.argv.includes('mounted') ? await mounted(Told) : { controllers: [ByHand, Told] })(AppModule)
  const app = await NestFactory.create(AppModule, adapter, { logger: false })
  await app.init()
  await adapter.getInstance().ready?.()
  return serveOn(app.getHttpServer())
}

async function mounted(Told) {
  const { ServeModule } = await import('@ekiben/nest-module')
  return { controllers: [Told], imports: [ServeModule.forRoot({ services: [await makeService()], log: quiet })] }
}
