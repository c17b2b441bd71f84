import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Locator } from 'playwright-core'
import { NO_BROWSER, type OpenBrowser, type OpenPage, startBrowser } from '../helpers/browser.js'
import { call, serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { waitUntil } from '../helpers/wait-until.js'

const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

describe('the page at /', { skip: NO_BROWSER }, () => {
  let server: ServingCommand
  let browser: OpenBrowser
  before(async () => {
    browser = await startBrowser()
    server = await serveFixture('shown-on-page:Station', ['--no-access-log'])
  })
  after(async () => {
    assert.equal(await server.stop(), 0)
    await server[Symbol.asyncDispose]()
    await browser[Symbol.asyncDispose]()
  })

  const api = ({ page }: OpenPage, name: string): Locator => page.getByRole('region', { name, exact: true })
  const fill = (part: Locator, value: unknown) => part.getByLabel('JSON', { exact: true }).fill(JSON.stringify(value))
  const press = (part: Locator) => part.getByRole('button', { name: 'Call' }).click()
  const saysAtLast = (part: Locator, text: RegExp) => part.getByRole('status').filter({ hasText: text }).waitFor()
  const items = (part: Locator) => part.getByRole('list', { name: 'Items' }).getByRole('listitem')
  const bodyOf = async (part: Locator) => (await part.getByLabel('Body').textContent()) ?? ''
  const textOf = async (part: Locator) => (await part.textContent()) ?? ''

  const isHacked = ({ page }: OpenPage) => page.evaluate(`'hacked' in globalThis`)

  it('lists the apis, with the policy under which nothing from elsewhere is loaded', async () => {
    await using open = await browser.open(server.url)
    const { page } = open
    assert.equal(await page.title(), 'Station')
    const names = await page.getByRole('navigation').getByRole('link').allInnerTexts()
    assert.deepEqual(names.slice(0, 3), ['classify', 'describe', 'departures'])
    assert.equal(await page.getByRole('region').count(), names.length)
    const policy = (await page.request.get(server.url)).headers()['content-security-policy'] ?? ''
    assert.match(policy, /^default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self';/)
    await page.evaluate(`document.head.append(Object.assign(document.createElement('script'), { text: 'hacked = 1' }))`)
    assert.equal(await isHacked(open), false)
    open.expectError(/inline script/)
    await open.picture('overview')
  })

  it('makes a call by a form that is filled in and sent by a click, and shows its answer', async () => {
    await using open = await browser.open(server.url)
    const part = api(open, 'classify')
    await fill(part, { text: 'The train is late', language: 'ja' })
    assert.match((await part.getByLabel('The call as a curl command').textContent()) ?? '', /"language":"ja"/)
    await press(part)
    await saysAtLast(part, /^200 OK · \d+ ms · \d+ bytes$/)
    assert.deepEqual(JSON.parse(await bodyOf(part)), { label: 'delay', score: 0.93, language: 'ja' })
    await part.getByText('Headers').click()
    await part.getByRole('row', { name: 'x-request-id' }).waitFor()
    await open.picture('call', '#api-classify')
  })

  it('uploads a file that is chosen', async () => {
    await using open = await browser.open(server.url)
    const part = api(open, 'describe')
    const chooser = open.page.waitForEvent('filechooser')
    await part.getByLabel('image (required)').click()
    await (await chooser).setFiles({ name: 'sign.png', mimeType: 'image/png', buffer: PNG })
    await part.getByLabel('caption (required)').fill('Platform "3"')
    await part.getByLabel('tags, as JSON').fill('["sign"]')
    await press(part)
    await saysAtLast(part, /^200 OK/)
    const expected = { name: 'sign.png', type: 'image/png', bytes: PNG.length, caption: 'Platform "3"', tags: ['sign'] }
    assert.deepEqual(JSON.parse(await bodyOf(part)), expected)
    await open.picture('upload', '#api-describe')
  })

  for (const accept of ['text/event-stream', 'application/x-ndjson']) {
    it(`shows a stream item by item, as ${accept}`, async () => {
      await using open = await browser.open(server.url)
      const part = api(open, 'departures')
      await fill(part, { from: 'Kyoto' })
      await part.getByLabel('Ask for').selectOption(accept)
      await press(part)
      await items(part).nth(0).waitFor()
      for (const shown of [1, 2]) {
        // The next item is not made before it is asked for here.
        assert.equal(await items(part).count(), shown)
        await saysAtLast(part, /^200 OK$/)
        await call(server.url, 'step')
        await items(part).nth(shown).waitFor()
      }
      await call(server.url, 'step')
      await saysAtLast(part, /^200 OK · \d+ ms · 3 items$/)
      assert.match(await textOf(items(part).nth(2)), /\d+ ms\{"train":"Kyoto 3","platform":3\}/)
      if (accept === 'text/event-stream') await open.picture('stream', '#api-departures')
    })
  }

  it('stops a stream, and its generator with it', async () => {
    await using open = await browser.open(server.url)
    const part = api(open, 'departures')
    await fill(part, { from: 'Nara' })
    await press(part)
    await items(part).nth(0).waitFor()
    await part.getByRole('button', { name: 'Stop' }).click()
    await saysAtLast(part, /^200 OK · stopped · \d+ ms$/)
    const hasStopped = () => call<{ hasStopped: boolean }>(server.url, 'hasStopped', { from: 'Nara' })
    await waitUntil(async () => (await hasStopped()).body.hasStopped, { describe: 'the generator to end' })
  })

  it('shows a refusal: of the input, and of the api itself', async () => {
    await using open = await browser.open(server.url)
    const part = api(open, 'classify')
    await fill(part, { text: '' })
    await press(part)
    await saysAtLast(part, /^400 Bad Request/)
    assert.equal((JSON.parse(await bodyOf(part)) as { code: string }).code, 'EKB_ERR_VALIDATION')
    await part.getByLabel('JSON', { exact: true }).fill('{')
    await press(part)
    await part.getByText('EKB_ERR_BODY_INVALID').waitFor()
    const refund = api(open, 'refund')
    await press(refund)
    await saysAtLast(refund, /^409 Conflict/)
    assert.match(await bodyOf(refund), /"code": "TICKET_USED"/)
    open.expectError(/status of 400/)
    open.expectError(/status of 409/)
    await open.picture('refusal', '#api-refund')
  })

  for (const accept of ['text/event-stream', 'application/x-ndjson']) {
    it(`shows that a stream ended with an error, as ${accept}`, async () => {
      await using open = await browser.open(server.url)
      const part = api(open, 'breaksDown')
      await fill(part, { after: 2 })
      await part.getByLabel('Ask for').selectOption(accept)
      await press(part)
      await saysAtLast(part, /^200 OK · \d+ ms · 2 items, then an error$/)
      assert.match(await textOf(items(part).nth(2)), /error[\s\S]*The line is closed[\s\S]*LINE_CLOSED/)
      assert.match((await part.getByRole('status').getAttribute('class')) ?? '', /\bbad\b/)
      if (accept === 'text/event-stream') await open.picture('broken-stream', '#api-breaksDown')
    })
  }

  it('shows a picture, and markup as text: nothing that an api answers is run', async () => {
    await using open = await browser.open(server.url)
    const sign = api(open, 'platform')
    await press(sign)
    await sign.getByRole('img', { name: 'The answer' }).waitFor()
    await sign.getByRole('link', { name: /^Save/ }).waitFor()
    const markup = api(open, 'markup')
    await press(markup)
    await saysAtLast(markup, /^200 OK/)
    assert.match(await bodyOf(markup), /^<img src="\/nowhere"/)
    assert.equal(await isHacked(open), false)
    await open.picture('picture', '#api-platform')
  })

  it('can be used with the keyboard alone', async () => {
    await using open = await browser.open(server.url)
    const { page } = open
    const focused = () => page.evaluate<string>(`document.activeElement.textContent`)
    await page.keyboard.press('Tab')
    assert.equal(await focused(), 'Skip to the apis')
    await page.keyboard.press('Enter')
    // From there: what it takes, the input, Call.
    for (let presses = 0; (await focused()) !== 'Call'; presses++) {
      assert.ok(presses < 10, 'no button to call within ten presses of Tab')
      await page.keyboard.press('Tab')
    }
    await page.keyboard.press('Shift+Tab')
    await page.keyboard.press('Control+A')
    await page.keyboard.type('{"text":"by keys"}')
    await page.keyboard.press('Control+Enter')
    const part = api(open, 'classify')
    await saysAtLast(part, /^200 OK/)
    assert.match(await bodyOf(part), /"label": "other"/)
  })

  const looks = [
    ['narrow', { viewport: { width: 360, height: 780 } }],
    ['dark', { colorScheme: 'dark' }],
  ] as const
  for (const [name, options] of looks) {
    it(`shows all of a long schema: ${name}`, async () => {
      await using open = await browser.open(server.url, options)
      const part = api(open, 'order')
      await part.getByText('What it takes').click()
      await part.getByRole('listitem').filter({ hasText: 'aVeryLongName' }).first().waitFor()
      await press(part)
      // Nothing of the example is a zip code.
      await saysAtLast(part, /^400 Bad Request/)
      open.expectError(/status of 400/)
      const isWider = await open.page.evaluate(`document.documentElement.scrollWidth > innerWidth`)
      assert.equal(isWider, false, 'it has to be scrolled sideways')
      await open.picture(`schema-${name}`, '#api-order')
      await open.picture(`overview-${name}`)
    })
  }
})
