import assert from 'node:assert/strict'
import type { ConformanceCase } from './tested-host.js'

const LINES = '{"n":1}\n{"n":2}\n'
const EVENTS = 'id: 1\ndata: {"n":1}\n\nid: 2\ndata: {"n":2}\n\n'

const STREAMED = [
  { accept: 'text/event-stream', type: 'text/event-stream', text: EVENTS },
  { accept: 'application/x-ndjson', type: 'application/x-ndjson', text: LINES },
  { accept: '*/*', type: 'application/x-ndjson', text: LINES },
]

export const STREAM_CASES: readonly ConformanceCase[] = [
  ...STREAMED.map(
    ({ accept, type, text }): ConformanceCase => ({
      name: `streams items to a client that accepts ${accept}`,
      run: async (host) => {
        const response = await host.post('/ticks', { to: 2 }, { headers: { accept } })
        assert.ok(response.headers.get('content-type')?.startsWith(type))
        assert.equal(await response.text(), text)
      },
    }),
  ),
  {
    name: 'streams text as it is',
    run: async (host) => {
      const response = await host.post('/tokens', { words: ['a', 'b c'] })
      assert.match(response.headers.get('content-type') ?? '', /^text\/plain/)
      assert.equal(await response.text(), 'ab c')
    },
  },
  {
    name: 'lets a stream call other services',
    run: async (host) => {
      assert.equal(await (await host.post('/counts', { texts: ['a b', 'c'] })).text(), '{"words":2}\n{"words":1}\n')
    },
  },
  {
    name: 'tells a failure in a stream as its last item, and one before it with its status',
    run: async (host) => {
      const init = { headers: { accept: 'text/event-stream' } }
      const text = await (await host.post('/ticks', { to: 1, fails: true }, init)).text()
      assert.match(text, /^id: 1\ndata: \{"n":1\}\n\nevent: error\ndata: \{"error":"No more ticks","code":"TICKS_OUT"/)
      assert.equal((await host.post('/ticks', { to: 0, fails: true })).status, 409)
    },
  },
  {
    name: 'sends items as they come, and stops a stream whose client leaves',
    run: async (host) => {
      const controller = new AbortController()
      const response = await host.post(
        '/endless',
        {},
        {
          signal: controller.signal,
          headers: { 'x-request-id': 'watcher' },
        },
      )
      const reader = response.body?.getReader()
      const first = await reader?.read()
      assert.ok(new TextDecoder().decode(first?.value as Uint8Array).startsWith('{"n":1}\n'))
      controller.abort()
      await host.happened('ended watcher')
    },
  },
]
