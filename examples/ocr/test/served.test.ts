import assert from 'node:assert/strict'
import { execFile, spawnSync } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { createClient } from '@ekiben/core/client'
import { npmScript } from '../../../test/helpers/npm-script.js'
import { startServing } from '../../../test/helpers/serving-command.js'
import type { Recognised } from '../ocr.js'
import type { Reader } from '../service.js'
import { EXAMPLE, formOf, image, NOTICE, RECEIPT } from './images.js'

const run = promisify(execFile)

/** Says why a part is skipped; false: it is not. */
const without = (command: string): string | false =>
  spawnSync(command, ['--version']).error === undefined ? false : `${command} is not installed`

async function upload(url: string, value: File | string): Promise<{ status: number; answer: unknown }> {
  const response = await fetch(`${url}/read`, { method: 'POST', body: formOf(value) })
  return { status: response.status, answer: await response.json() }
}

test('npm start reads images through the whole graph', async (t: TestContext) => {
  const before = await readdir(EXAMPLE)
  const args = ['start', '--', '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
  await using server = await startServing([npmScript(), ...args], { cwd: EXAMPLE })
  const { url } = server

  await t.test('a clean one, and one that lies on its side; of many at once some wait for their turn', async () => {
    const sent = [['receipt.png', RECEIPT] as const, ['notice.jpg', NOTICE] as const, ['receipt.png', RECEIPT] as const]
    const answers = await Promise.all(sent.map(async ([name, text]) => ({ ...(await upload(url, image(name))), text })))
    for (const { status, answer, text } of answers) {
      const read = answer as Recognised
      assert.deepEqual([status, read.text], [200, text])
      assert.equal(read.lines.map(({ text }) => text).join('\n'), text)
      assert.ok(read.confidence > 0.7 && read.confidence <= 1, `confidence ${read.confidence}`)
    }
  })

  await t.test('what is no image is refused, and says why', async () => {
    const { status, answer } = await upload(url, image('not-an-image.png', 'image/png'))
    const { code, error } = answer as { code: string; error: string }
    assert.deepEqual([status, code], [422, 'IMAGE_UNREADABLE'])
    assert.equal(error, "'not-an-image.png' is no image that can be read: send a whole PNG, JPEG or WebP")
    const inText = await upload(url, 'receipt.png')
    assert.deepEqual([inText.status, (inText.answer as { code: string }).code], [400, 'EKB_ERR_BODY_INVALID'])
  })

  await t.test('from the typed client', async () => {
    const client = createClient<typeof Reader>(url)
    assert.equal((await client.read({ image: image('receipt.png') })).text, RECEIPT)
    await assert.rejects(client.read({ image: image('not-an-image.png') }), { statusCode: 422 })
  })

  await t.test('from curl, as README shows it', { skip: without('curl') }, async () => {
    const [curl = '', shown = ''] = await sessionOf('README.md')
    const words = curl.replace('http://127.0.0.1:3000', url).split(' ')
    assert.equal(words[0], 'curl')
    const { stdout } = await run('curl', words.slice(1), { cwd: EXAMPLE })
    assertAlike(JSON.parse(stdout), JSON.parse(shown))
  })

  await t.test('from Python', { skip: without('python3') }, async () => {
    const { stdout } = await run('python3', ['upload.py', 'images/receipt.png', `${url}/read`], { cwd: EXAMPLE })
    assert.equal(stdout.trimEnd().replaceAll('\r', ''), RECEIPT)
    const refused = run('python3', ['upload.py', 'images/not-an-image.png', `${url}/read`], { cwd: EXAMPLE })
    await assert.rejects(refused, { code: 1, stderr: /'not-an-image\.png' is no image/ })
  })

  await t.test('from the page: its document says that the field is a file', async () => {
    assert.match(await (await fetch(url)).text(), /<html/)
    const document = JSON.stringify(await (await fetch(`${url}/docs.json`)).json())
    assert.match(document, /"multipart\/form-data":\{"schema":\{"\$ref":"#\/components\/schemas\/ReadInput"/)
    assert.match(document, /"ReadInput":\{[^{]*"properties":\{"image":\{[^}]*"format":"binary"/)
  })

  assert.equal(await server.stop(), 0)
  assert.deepEqual(await readdir(EXAMPLE), before, 'nothing is left where it ran')
})

/** The shell line of a document and the answer below it. */
async function sessionOf(name: string): Promise<readonly string[]> {
  const text = await readFile(`${EXAMPLE}${name}`, 'utf8')
  return /^```sh\n(curl [^\n]+)\n```\n+```json\n(.+?)\n```$/ms.exec(text)?.slice(1) ?? []
}

/** How sure the reader is differs between machines in the last digits. */
function assertAlike(actual: Recognised, shown: Recognised): void {
  const numbers: number[][] = []
  const [words, shownWords] = [actual, shown].map((read, at) => {
    numbers[at] = []
    return JSON.parse(JSON.stringify(read), (_, value: unknown) => {
      if (typeof value !== 'number') return value
      numbers[at]?.push(value)
      return 'a number'
    })
  })
  assert.deepEqual(words, shownWords)
  const [found = [], wanted = []] = numbers
  assert.ok(
    found.every((value, at) => Math.abs(value - (wanted[at] ?? 0)) <= 0.05),
    `${found} is not near ${wanted}`,
  )
}
