import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { NO_BROWSER, startBrowser } from '../helpers/browser.js'
import { serveFixture } from '../helpers/serve-fixture.js'

const EXAMPLE = fileURLToPath(new URL('../../examples/ocr/', import.meta.url))

describe('the page of examples/ocr', { skip: NO_BROWSER }, () => {
  it('takes an image that is chosen, and shows the text that is in it', async () => {
    await using browser = await startBrowser()
    await using server = await serveFixture('.', ['--no-access-log'], { cwd: EXAMPLE })
    await using open = await browser.open(server.url)
    const part = open.page.getByRole('region', { name: 'read', exact: true })
    const chooser = open.page.waitForEvent('filechooser')
    await part.getByLabel('image (required)').click()
    await (await chooser).setFiles(join(EXAMPLE, 'images', 'receipt.png'))
    await part.getByRole('button', { name: 'Call' }).click()
    await part
      .getByRole('status')
      .filter({ hasText: /^200 OK/ })
      .waitFor()
    const { text } = JSON.parse((await part.getByLabel('Body').textContent()) ?? '') as { text: string }
    assert.match(text, /^Station Bento Co\.\n[\s\S]*\nTotal 15\.30\n/)
    await open.picture('ocr')
    assert.equal(await server.stop(), 0)
  })
})
