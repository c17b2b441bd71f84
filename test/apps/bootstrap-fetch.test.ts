import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { appProject, mainFile, startApp } from '../helpers/bootstrap-app.js'
import { rawClient } from '../helpers/http-host.js'
import type { ProjectFolder } from '../helpers/project-folder.js'
import type { ServingCommand } from '../helpers/serving-command.js'

const APP = mainFile("() => ({ fetch: ({ url }) => new Response(null, { headers: { 'x-url': url } }) })")

/** What an app with `fetch` is told of the address of a request. */
describe('the URL of a request to an app with fetch', () => {
  let project: ProjectFolder
  let run: ServingCommand
  before(async () => {
    project = await appProject(APP)
    run = await startApp(project, 'one process')
  })
  after(async () => {
    await run[Symbol.asyncDispose]()
    await project[Symbol.asyncDispose]()
  })

  /** The status, and the URL that the app saw. */
  const ask = async (target: string, host: string): Promise<readonly [number, string | undefined]> => {
    await using client = await rawClient(Number(new URL(run.url).port))
    client.write(`GET ${target} HTTP/1.1\r\nhost: ${host}\r\n\r\n`)
    const [answer = ''] = await client.answers(1)
    return [Number(answer.split(' ')[1]), /^x-url: (.*)$/im.exec(answer)?.[1]]
  }

  for (const host of [
    'a/admin?',
    'a/admin/',
    'a\\admin?',
    'a?admin',
    'a#',
    'admin@a',
    'admin:pw@a',
    'a:99999',
    'a b',
  ]) {
    it(`is none where the host is ${host}`, async () => {
      assert.deepEqual(await ask('/public', host), [400, undefined])
    })
  }

  for (const [target, host, url] of [
    ['/public?a=1', 'shop.example:8080', 'http://shop.example:8080/public?a=1'],
    ['/public', '', 'http://localhost/public'],
    ['//evil/x', 'shop', 'http://shop//evil/x'],
    ['http://other/x', 'shop', 'http://other/x'],
    ['https://other/x', 'shop', 'http://other/x'],
  ] as const) {
    it(`is ${url} for ${target} at host '${host}'`, async () => {
      assert.deepEqual(await ask(target, host), [200, url])
    })
  }

  for (const target of ['http://admin@other/x', 'http://other\\admin/x', 'ftp://other/x', 'http:///x']) {
    it(`is none where the target is ${target}`, async () => {
      assert.deepEqual(await ask(target, 'shop'), [400, undefined])
    })
  }
})
