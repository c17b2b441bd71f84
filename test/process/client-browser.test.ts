import assert from 'node:assert/strict'
import { resolve } from 'node:path'
import { test } from 'node:test'
import { createContext, runInContext } from 'node:vm'
import { build } from 'esbuild'
import { sendJson, startScripted } from '../helpers/scripted-server.js'

/** What a page has. No process, no require, no Buffer. */
const WEB = ['fetch', 'URL', 'Headers', 'Response', 'FormData', 'Blob', 'File', 'AbortController', 'AbortSignal']
const MORE = [
  'TextDecoder',
  'DOMException',
  'setTimeout',
  'clearTimeout',
  'performance',
  'ReadableStream',
  'Uint8Array',
]

async function bundled(minify: boolean) {
  const { outputFiles, metafile } = await build({
    stdin: {
      contents: "export { createClient, connectClient, isClientError } from '@ekiben/core/client'",
      resolveDir: resolve('test'),
    },
    bundle: true,
    platform: 'browser',
    format: 'iife',
    globalName: 'client',
    minify,
    metafile: true,
    write: false,
    logLevel: 'silent',
  })
  return { text: outputFiles[0]!.text, inputs: Object.keys(metafile.inputs) }
}

test('the client holds nothing of Node, and little at all', async () => {
  const { text, inputs } = await bundled(true)
  // A node:* import would have failed the build.
  assert.deepEqual(
    inputs.filter((file) => !/(^<stdin>|packages\/core\/(esm\/client\.mjs|dist\/client\.js))$/.test(file)),
    [],
  )
  assert.doesNotMatch(text, /\bprocess\.|\bBuffer\b|require\("|EKB_ERR_IDENTIFIER/)
  assert.ok(text.length < 30_000, `${text.length} characters`)
})

test('the client works where there is only what a page has', async () => {
  await using server = await startScripted(({ path, body }, response) => {
    if (path !== '/items') sendJson(response, { path, input: JSON.parse(body.toString()) })
    else response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end('1\n2\n')
  })
  const globals = Object.fromEntries([...WEB, ...MORE].map((name) => [name, globalThis[name as 'fetch']]))
  const page = createContext({ ...globals, location: { href: `${server.url}/page/index.html` } })
  const { text } = await bundled(false)
  const script = `${text}
    const { run, items } = client.createClient('/ml')
    ;(async () => {
      const seen = [await run({ a: 1 })]
      for await (const item of client.createClient('..').items()) seen.push(item)
      return JSON.stringify(seen)
    })()`
  const seen = (await runInContext(script, page)) as string
  assert.deepEqual(JSON.parse(seen), [{ path: '/ml/run', input: { a: 1 } }, 1, 2])
})
