import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { assertNoLeftovers, killMarked, MARK_VARIABLE } from './no-leftovers.js'

const ARTEFACTS = fileURLToPath(new URL('../../artefacts/browser/', import.meta.url))
const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

const path = findChromium()
/** For the option `skip`: why there is no browser; false: there is one. */
export const NO_BROWSER =
  path === undefined
    ? `no ${NAMES.join(', ')} in PATH (Debian: apt-get install chromium), nor in EKIBEN_TEST_CHROMIUM`
    : false

function findChromium(): string | undefined {
  const named = process.env.EKIBEN_TEST_CHROMIUM
  if (named !== undefined && named !== '') return named
  const folders = (process.env.PATH ?? '').split(delimiter)
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(existsSync)
}

/** A browser, for the pages of several tests. Give it to `await using`. */
export interface OpenBrowser extends AsyncDisposable {
  /** Opens the page at `/` in a profile of its own, and waits until it shows its apis. */
  open(url: string, options?: BrowserContextOptions): Promise<OpenPage>
}

/** A page. Give it to `await using`: at the end nothing may have gone wrong that was not expected. */
export interface OpenPage extends AsyncDisposable {
  readonly page: Page
  /** What the console says of a failed request: the test made it fail. */
  expectError(text: RegExp): void
  /** Keeps a picture of it, the whole of it or one part, for people to look at. */
  picture(name: string, part?: string): Promise<void>
}

export async function startBrowser(): Promise<OpenBrowser> {
  const mark = randomUUID()
  const browser = await chromium.launch({
    ...(path !== undefined && { executablePath: path }),
    // A sandbox cannot be had by root; and whatever the browser asks for by itself leads nowhere.
    args: ['--no-sandbox', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1'],
    env: { ...(process.env as Record<string, string>), [MARK_VARIABLE]: mark },
  })
  return {
    open: async (url, options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options })
      return watchedPage(await context.newPage(), url)
    },
    [Symbol.asyncDispose]: async () => {
      await browser.close()
      try {
        await assertNoLeftovers({ mark })
      } finally {
        await killMarked(mark)
      }
    },
  }
}

async function watchedPage(page: Page, url: string): Promise<OpenPage> {
  const problems: string[] = []
  const expected: RegExp[] = []
  const origins = new Set<string>()
  page.on('console', (message) => {
    if (message.type() !== 'error' && message.type() !== 'warning') return
    problems.push(`${message.text()} (${message.location().url})`)
  })
  page.on('pageerror', (error) => problems.push(String(error.stack)))
  page.on('request', (request) => origins.add(new URL(request.url()).origin))
  await page.goto(url)
  await page.locator('.api').first().waitFor()
  return {
    page,
    expectError: (text) => void expected.push(text),
    picture: async (name, part) => {
      const file = join(ARTEFACTS, `${name}.png`)
      if (part === undefined) await page.screenshot({ path: file, fullPage: true })
      else await page.locator(part).screenshot({ path: file })
    },
    [Symbol.asyncDispose]: async () => {
      await page.context().close()
      const unexpected = problems.filter((problem) => !expected.some((text) => text.test(problem)))
      assert.deepEqual(unexpected, [], 'in the console')
      for (const text of expected) {
        assert.ok(
          problems.some((problem) => text.test(problem)),
          `no ${text} in the console`,
        )
      }
      assert.deepEqual([...origins], [new URL(url).origin], 'where requests went')
    },
  }
}
