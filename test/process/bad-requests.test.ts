import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type BadInputTarget, LARGE_FILE, PARTS_TYPE, startBadInputTarget } from '../helpers/bad-input-target.js'
import { type ErrorAnswer, rawClient } from '../helpers/http-host.js'
import { waitUntil } from '../helpers/wait-until.js'

let target: BadInputTarget
before(async () => {
  target = await startBadInputTarget()
})
after(() => target[Symbol.asyncDispose]())

/** `POST /any` with these headers and this body, just as they are. */
const rawPost = (headers: readonly string[], body: string) =>
  [`POST /any HTTP/1.1`, 'host: a', `content-type: application/json`, ...headers, '', body].join('\r\n')

describe('a request that lies about itself is refused, and its connection ends', () => {
  const malformed = [400, 'EKB_ERR_HTTP_MALFORMED'] as const
  const cases: readonly [name: string, text: string, expected: readonly [number, string]][] = [
    ['a length and chunks', rawPost(['content-length: 4', 'transfer-encoding: chunked'], '0\r\n\r\n'), malformed],
    ['a length that is no number', rawPost(['content-length: 0x10'], '{}'), malformed],
    ['a length below nothing', rawPost(['content-length: -1'], '{}'), malformed],
    ['the same length twice', rawPost(['content-length: 2', 'content-length: 2'], '{}'), malformed],
    [
      'a chunk of more bytes than there are numbers',
      rawPost(['transfer-encoding: chunked'], 'fffffffffffffffff\r\n'),
      malformed,
    ],
    ['a chunk that is longer than it says', rawPost(['transfer-encoding: chunked'], '1\r\n{}\r\n0\r\n\r\n'), malformed],
    ['another last encoding than chunked', rawPost(['transfer-encoding: chunked, gzip'], '{}'), malformed],
    ['a header folded over lines', rawPost(['x-a: 1\r\n 2', 'content-length: 2'], '{}'), malformed],
    ['a space before a colon', rawPost(['content-length : 2'], '{}'), malformed],
    ['NUL in a header', rawPost(['x-a: \0', 'content-length: 2'], '{}'), malformed],
    [
      'too long a path',
      `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nhost: a\r\n\r\n`,
      [431, 'EKB_ERR_HTTP_HEADERS_TOO_LARGE'],
    ],
    [
      'too many headers',
      rawPost(
        Array.from({ length: 4000 }, (_, at) => `x-${at}: 1`),
        '',
      ),
      [431, 'EKB_ERR_HTTP_HEADERS_TOO_LARGE'],
    ],
    ['the beginning of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', malformed],
  ]
  for (const [name, text, [status, code]] of cases) {
    it(name, async () => {
      await using client = await rawClient(target.port)
      client.write(text)
      const [answer = ''] = await client.answers(1)
      const { code: received } = JSON.parse(answer.split('\r\n\r\n')[1] ?? '') as ErrorAnswer
      assert.deepEqual([Number(answer.split(' ')[1]), received], [status, code])
      await client.closed()
      await target.assertUntouched()
    })
  }

  it('a length that is too short: what is left is no request', async () => {
    await using client = await rawClient(target.port)
    client.write(rawPost(['content-length: 3'], '{"a":1}'))
    const [answer = ''] = await client.answers(1)
    assert.match(answer, /^HTTP\/1\.1 400[\s\S]*EKB_ERR_BODY_INVALID/)
    await client.closed()
    await target.assertUntouched()
  })

  it('a length that is too long: nothing runs when the client has no more to say', async () => {
    await using client = await rawClient(target.port)
    client.write(`POST /file HTTP/1.1\r\nhost: a\r\ncontent-type: ${PARTS_TYPE}\r\ncontent-length: 9999999\r\n\r\n`)
    client.write(LARGE_FILE)
    await waitUntil(async () => (await target.kept()).length === 1, { describe: 'the file on disk' })
    client.socket.end()
    await client.closed()
    assert.equal(client.received, '')
    await target.assertUntouched()
  })
})

describe('a path that leads elsewhere has no route', () => {
  const paths = [
    '/../../etc/passwd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/docs/../../package.json',
    '/docs/%2e%2e%2fpage.css',
  ]
  const odd = [
    '/docs/page.css%00.html',
    '/..\\..\\windows\\win.ini',
    '/%zz',
    '//etc/passwd',
    '/docs/',
    '/__proto__',
    '*',
  ]
  for (const path of [...paths, ...odd]) {
    it(path, async () => {
      await using client = await rawClient(target.port)
      client.write(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`)
      const [answer = ''] = await client.answers(1)
      assert.match(answer, /^HTTP\/1\.1 404[\s\S]*EKB_ERR_ROUTE_NOT_FOUND/)
      assert.doesNotMatch(answer, /root:|"name"/)
    })
  }
})
