import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { curlCommand } from './curl-command.mjs'

const url = 'http://127.0.0.1:3000/classify'

describe('curlCommand', () => {
  test('sends text, quoted for a shell', () => {
    const headers = { 'content-type': 'application/json' }
    assert.equal(
      curlCommand({ url, headers, body: `{"text":"it's"}` }, false),
      `curl -s '${url}' \\\n  -H 'content-type: application/json' \\\n  --data-raw '{"text":"it'\\''s"}'`,
    )
  })

  test('sends a form, with its files by their names', () => {
    const body = new FormData()
    body.append('image', new File(['x'], 'a b.png', { type: 'image/png' }))
    body.append('plain', new File(['x'], 'no-type'))
    body.append('note', '"@a;type=b"')
    assert.deepEqual(curlCommand({ url, headers: {}, body }, false).split(' \\\n  ').slice(1), [
      "-F 'image=@a b.png;type=image/png'",
      "-F 'plain=@no-type'",
      `--form-string 'note="@a;type=b"'`,
    ])
  })

  test('sends a file as the whole body, or nothing', () => {
    const body = new File(['x'], 'photo.jpg')
    assert.match(curlCommand({ url, headers: {}, body }, false), /--data-binary '@photo\.jpg'$/)
    assert.match(curlCommand({ url, headers: {}, body: undefined }, false), /-X POST$/)
  })

  test('waits for no buffer where items come one by one', () => {
    const headers = { accept: 'text/event-stream' }
    assert.match(curlCommand({ url, headers, body: '{}' }, true), /^curl -s '[^']+' \\\n {2}-N \\\n/)
  })
})
