import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineService, isServiceError } from '@ekiben/core'
import { ServeModule } from '@ekiben/nest-module'
import {
  All,
  Controller,
  type ControllerOptions,
  Get,
  type INestApplication,
  type ModuleMetadata,
  Post,
  type Type,
  VersioningType,
} from '@nestjs/common'
import { RouterModule } from '@nestjs/core'
import { moduleOf, PLATFORMS, startNest } from '../helpers/nest-app.js'
import { silentLog } from '../helpers/silent-log.js'

const placing = () =>
  defineService(
    class Orders {
      place() {
        return 'of the service'
      }
    },
    { name: 'Orders', apis: { place: {} } },
  )
const Orders = placing()
const OrdersOfTwo = placing()
Controller({ version: '2' })(OrdersOfTwo)

/** A controller of the app's, with one route. */
function own(method: MethodDecorator, options: ControllerOptions = {}): Type {
  class Own {
    answer() {
      return 'of the app'
    }
  }
  Controller(options)(Own)
  method(Own.prototype, 'answer', Object.getOwnPropertyDescriptor(Own.prototype, 'answer') as PropertyDescriptor)
  return Own
}

const serving = (prefix: string, service = Orders) =>
  ServeModule.forRoot({ services: [service], prefix, log: silentLog })
const behind = moduleOf({ controllers: [own(Post('place'))] })

const TAKEN: Readonly<Record<string, ModuleMetadata>> = {
  'of a controller': { imports: [serving('shop')], controllers: [own(Post('shop/place'))] },
  'of a controller with paths, in a module before it': {
    imports: [moduleOf({ controllers: [own(Post('/place/'), { path: ['stock', '/shop'] })] }), serving('/shop/')],
  },
  'of any method': { imports: [serving('')], controllers: [own(All('place'))] },
  'of the same version': { imports: [serving('', OrdersOfTwo)], controllers: [own(Post('place'), { version: '2' })] },
  'of the same service': { imports: [serving('shop'), moduleOf({ imports: [serving('shop')] })] },
  'below the path of its module': {
    imports: [behind, RouterModule.register([{ path: 'shop', module: behind }]), serving('shop')],
  },
}

const FREE: Readonly<Record<string, ModuleMetadata>> = {
  'by another method': { imports: [serving('')], controllers: [own(Get('place'))] },
  'at other paths': { imports: [serving('')], controllers: [own(Post('shop/place')), own(Post())] },
  'of another version': { imports: [serving('')], controllers: [own(Post('place'), { version: '2' })] },
  'of the same service, at another path': { imports: [serving(''), moduleOf({ imports: [serving('later')] })] },
}

const versioned = (nest: INestApplication) =>
  void nest.enableVersioning({ type: VersioningType.HEADER, header: 'x-version' })

for (const [platform, makeAdapter] of Object.entries(PLATFORMS)) {
  describe(`Nest on ${platform}, with a route`, () => {
    for (const [what, metadata] of Object.entries(TAKEN)) {
      it(`${what} where a service is to be mounted: says so`, async () => {
        const start = async () => {
          await using _ = await startNest(makeAdapter(), metadata, { set: versioned })
        }
        await assert.rejects(start, (error) => {
          assert.ok(isServiceError(error, 'EKB_ERR_MOUNT_ROUTE_TAKEN'), String(error))
          assert.match(error.message, /The app has a route POST (\/shop)?\/place already, which Orders\.place is to be/)
          assert.match(error.hint ?? '', /below a prefix.*another 'route'/)
          return true
        })
      })
    }
    for (const [what, metadata] of Object.entries(FREE)) {
      it(`${what}: serves both`, async () => {
        await using app = await startNest(makeAdapter(), metadata, { set: versioned })
        assert.equal(await (await app.post('/place')).text(), 'of the service')
      })
    }
  })
}

it('of another host: serves both, on Express, where Nest can have two such routes', async () => {
  const metadata = { imports: [serving('')], controllers: [own(Post('place'), { host: 'other.example' })] }
  await using app = await startNest(PLATFORMS.Express?.() as never, metadata)
  assert.equal(await (await app.post('/place')).text(), 'of the service')
})
