/** JSON of mounted services is sent without what Express does for pages; whatever an app says of its JSON stays. */
import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type CallContext, defineService } from '@ekiben/core'
import { ServeModule } from '@ekiben/nest-module'
import { HttpCode, type INestApplication } from '@nestjs/common'
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express'
import express, { type NextFunction, type Request, type Response as Sent } from 'express'
import { type RunningNest, startNest } from '../helpers/nest-app.js'
import { silentLog } from '../helpers/silent-log.js'

class Menu {
  soup() {
    return { name: 'Möhrensuppe 🥕' }
  }
  typed(_input: unknown, { response }: CallContext) {
    response.setHeader('content-type', 'application/ld+json')
    return { name: 'tea' }
  }
  nothing() {
    return { toJSON: () => undefined }
  }
  cleared() {
    return { name: 'nobody reads it' }
  }
}
HttpCode(204)(Menu.prototype, 'cleared', Object.getOwnPropertyDescriptor(Menu.prototype, 'cleared') as never)
const MenuService = defineService(Menu, { apis: { soup: {}, typed: {}, nothing: {}, cleared: {} } })

function start(set?: (app: NestExpressApplication) => void, instance = express()): Promise<RunningNest> {
  const imports = [ServeModule.forRoot({ services: [MenuService], log: silentLog })]
  const options = set ? { set: (app: INestApplication) => set(app as NestExpressApplication) } : {}
  return startNest(new ExpressAdapter(instance), { imports }, options)
}

const LINE = '{"name":"Möhrensuppe 🥕"}'
const INDENTED = '{\n  "name": "Möhrensuppe 🥕"\n}'
/** As a middleware that changes what is sent. */
const replacing = (name: 'json' | 'send') => (_request: Request, response: Sent, next: NextFunction) => {
  const original = response[name]
  response[name] = () => original.call(response, name === 'json' ? { changed: true } : '{"changed":true}')
  next()
}

describe('JSON of a mounted service in Nest on Express', () => {
  it('is sent with its type and its length in bytes, and no hash of it', async () => {
    await using app = await start()
    const response = await app.post('/soup')
    assert.equal(await response.text(), LINE)
    assert.equal(response.headers.get('content-type'), 'application/json; charset=utf-8')
    assert.equal(response.headers.get('content-length'), String(Buffer.byteLength(LINE)))
    assert.equal(response.headers.get('etag'), null)
  })

  it("keeps the api's own type, and has no text where its value has none", async () => {
    await using app = await start()
    const typed = await app.post('/typed')
    assert.match(typed.headers.get('content-type') ?? '', /^application\/ld\+json/)
    assert.deepEqual(await typed.json(), { name: 'tea' })
    const nothing = await app.post('/nothing')
    assert.deepEqual([nothing.status, await nothing.text()], [200, ''])
  })

  it('has no body and says nothing of one where @HttpCode() gives a status without', async () => {
    await using app = await start()
    const response = await app.post('/cleared')
    assert.deepEqual([response.status, await response.text()], [204, ''])
    for (const name of ['content-type', 'content-length']) assert.equal(response.headers.get(name), null, name)
  })

  const SAID: Readonly<Record<string, [set: (app: NestExpressApplication) => void, text: string, etag?: RegExp]>> = {
    'json spaces': [(app) => app.set('json spaces', 2), INDENTED],
    'json replacer': [(app) => app.set('json replacer', () => 'replaced'), '"replaced"'],
    'json escape': [(app) => app.set('json escape', true), LINE],
    'a strong etag': [(app) => app.set('etag', 'strong'), LINE, /^"/],
    'an etag of its own': [(app) => app.set('etag', () => '"own"'), LINE, /^"own"$/],
    'a middleware that replaces json()': [(app) => app.use(replacing('json')), '{"changed":true}'],
    'a middleware that replaces send()': [(app) => app.use(replacing('send')), '{"changed":true}'],
  }
  for (const [name, [set, text, etag = /^W\//]] of Object.entries(SAID)) {
    it(`is sent by Express where the app has ${name}`, async () => {
      await using app = await start(set)
      const response = await app.post('/soup')
      assert.equal(await response.text(), text)
      assert.match(response.headers.get('etag') ?? '', etag)
    })
  }

  it('is sent by the app where it gives all of its responses a json() of their own', async () => {
    const instance = express()
    const { json } = instance.response
    instance.response.json = function own(this: Sent) {
      return json.call(this, { changed: true })
    }
    await using app = await start(undefined, instance)
    assert.equal(await (await app.post('/soup')).text(), '{"changed":true}')
  })
})
