import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import {
  type BadInputTarget,
  LARGE_FILE,
  PARTS_TYPE,
  part,
  parts,
  startBadInputTarget,
} from '../helpers/bad-input-target.js'
import { type ErrorAnswer, post } from '../helpers/http-host.js'

const MIB = 1024 * 1024
const JSON_TYPE = 'application/json'
const FORM_TYPE = 'application/x-www-form-urlencoded'
const POISON = '{"__proto__":{"polluted":true}}'
const DEEP = `${'['.repeat(100_000)}${']'.repeat(100_000)}`
const DEEP_TREE = `${'{"name":"a","children":['.repeat(5000)}${']}'.repeat(5000)}`

let target: BadInputTarget
before(async () => {
  target = await startBadInputTarget()
})
after(() => target[Symbol.asyncDispose]())

describe('a body that nobody should have to handle is refused', () => {
  const invalid = [400, 'EKB_ERR_BODY_INVALID'] as const
  const wrong = [400, 'EKB_ERR_VALIDATION'] as const
  const type = [415, 'EKB_ERR_MEDIA_TYPE'] as const
  const many = (count: number) => Array.from({ length: count }, (_, at) => part(`a${at}`, '1'))
  const cases: readonly [
    name: string,
    path: string,
    headers: Record<string, string> | string,
    body: string | Uint8Array,
    expected: readonly [number, string],
  ][] = [
    ['deep JSON', 'any', JSON_TYPE, DEEP, invalid],
    ['deep JSON for a schema that recurses', 'tree', JSON_TYPE, DEEP_TREE, invalid],
    ['deep JSON in a form', 'any', FORM_TYPE, `a=${DEEP}`, invalid],
    ['deep JSON in a part', 'any', PARTS_TYPE, parts(part('a', DEEP)), invalid],
    ['deep JSON that never ends', 'any', JSON_TYPE, '['.repeat(MIB), invalid],
    ['JSON of a text that never ends', 'any', JSON_TYPE, `"${'\\n'.repeat(6 * MIB)}`, invalid],
    ['NaN', 'total', JSON_TYPE, '{"n":NaN}', invalid],
    ['Infinity', 'total', JSON_TYPE, '{"n":-Infinity}', invalid],
    ['a number beyond all', 'total', JSON_TYPE, '{"n":1e999}', wrong],
    ['NaN in a form', 'total', FORM_TYPE, 'n=NaN', wrong],
    ['a number beyond all in a part', 'total', PARTS_TYPE, parts(part('n', '-1e999')), wrong],
    ['a prototype in a field of a form', 'any', FORM_TYPE, `a=${encodeURIComponent(POISON)}`, invalid],
    ['a prototype as the name of a field', 'any', FORM_TYPE, 'a[__proto__][polluted]=true', invalid],
    ['the prototype of a constructor', 'any', JSON_TYPE, '{"constructor":{"prototype":{"polluted":true}}}', invalid],
    ['that in a form', 'any', FORM_TYPE, 'constructor={"prototype":{"polluted":true}}', invalid],
    ['that in a part', 'any', PARTS_TYPE, parts(part('constructor', '{"prototype":{"polluted":true}}')), invalid],
    ['that as a name', 'any', PARTS_TYPE, parts(part('constructor.prototype.polluted', 'true')), invalid],
    ['a prototype behind a large file', 'file', PARTS_TYPE, parts(LARGE_FILE, part('__proto__', POISON)), invalid],
    ['too many parts behind a large file', 'file', PARTS_TYPE, parts(LARGE_FILE, ...many(1000)), invalid],
    ['too many fields', 'any', FORM_TYPE, 'a&'.repeat(MIB), invalid],
    ['a boundary of no characters', 'any', 'multipart/form-data; boundary=', parts(part('a', '1')), invalid],
    ['a file twice where one is asked for', 'file', PARTS_TYPE, parts(LARGE_FILE, LARGE_FILE), wrong],
    ['too long a file name', 'file', PARTS_TYPE, parts(part('file', 'x', `; filename="${'n'.repeat(256)}"`)), invalid],
    ['one too long in bytes', 'file', PARTS_TYPE, parts(part('file', 'x', `; filename="${'文'.repeat(86)}"`)), invalid],
    ['UTF-16', 'any', JSON_TYPE, Buffer.from('\ufeff{}', 'utf16le'), invalid],
    ['UTF-8 of half a pair', 'any', JSON_TYPE, Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22]), invalid],
    ['a bomb', 'any', { 'content-type': JSON_TYPE, 'content-encoding': 'gzip' }, gzipSync(Buffer.alloc(8 * MIB)), type],
    ['a bomb in parts', 'file', { 'content-type': PARTS_TYPE, 'content-encoding': 'br' }, parts(LARGE_FILE), type],
    ['a bomb behind identity', 'whole', { 'content-encoding': 'identity, gzip' }, gzipSync(Buffer.alloc(MIB)), type],
    ['pickle for a file', 'whole', 'application/vnd.bentoml+pickle', Buffer.from('cos\nsystem\n'), type],
  ]
  for (const [name, path, headers, body, [status, code]] of cases) {
    it(name, async () => {
      const sent = typeof headers === 'string' ? { 'content-type': headers } : headers
      const answer = await post(`${target.url}/${path}`, body, sent)
      assert.deepEqual([answer.status, answer.json().code, answer.json().statusCode], [status, code, status])
      await target.assertUntouched()
    })
  }

  it('but not what only looks like it', async () => {
    const brackets = JSON.stringify({ text: '[{'.repeat(5000), list: Array.from({ length: 3000 }, () => [{}]) })
    assert.equal((await post(`${target.url}/any`, brackets)).status, 200)
    const tree = `${'{"name":"a","children":['.repeat(490)}${']}'.repeat(490)}`
    const { status, text } = await post(`${target.url}/tree`, tree)
    assert.equal(status, 200, text)
  })
})

describe("a file's name is never a path", () => {
  const names: readonly [sent: string, expected: string][] = [
    ['../../../etc/cron.d/x', 'x'],
    ['/etc/passwd', 'passwd'],
    ['..\\\\..\\\\boot.ini', 'boot.ini'],
    ['a/../../b\0c.txt', 'bc.txt'],
    ['..', 'file'],
    ['ａ‮gpj.exe', 'ａ‮gpj.exe'],
    ['%2e%2e%2fx', '%2e%2e%2fx'],
    ['n'.repeat(255), 'n'.repeat(255)],
    ['文'.repeat(85), '文'.repeat(85)],
    [`${'../'.repeat(1000)}deep`, 'deep'],
  ]
  for (const [sent, expected] of names) {
    it(JSON.stringify(sent.length > 60 ? `${sent.slice(0, 20)}…` : sent), async () => {
      const body = parts(LARGE_FILE.replace('a.bin', sent))
      const { status, text } = await post(`${target.url}/file`, body, { 'content-type': PARTS_TYPE })
      assert.equal(status, 200, text)
      const { name, onDisk } = JSON.parse(text) as { name: string; onDisk: string[] }
      assert.equal(name, expected)
      // While the api ran: our folder, and in it one file under a name of ours.
      assert.equal(onDisk.length, 2, String(onDisk))
      assert.ok(
        onDisk.every((path) => /^ekiben-uploads-\d+-\w+-\d+-\w{6}(\/[\da-f-]{36})?$/.test(path)),
        String(onDisk),
      )
      await target.assertUntouched()
    })
  }
})

describe('a body of 192 MiB takes little memory, though it is refused at its end', () => {
  const cases: readonly [name: string, path: string, type: string, head: string, end: string, status: number][] = [
    ['parts that are cut off', 'file', PARTS_TYPE, LARGE_FILE.slice(0, 200), '', 400],
    [
      'parts that end in a prototype',
      'file',
      PARTS_TYPE,
      LARGE_FILE.slice(0, 200),
      `\r\n${parts(part('__proto__', '1'))}`,
      400,
    ],
    ['too many bytes for the api', 'any', PARTS_TYPE, LARGE_FILE.slice(0, 200), `\r\n${parts()}`, 413],
    ['too many bytes of JSON', 'any', JSON_TYPE, '"', '"', 413],
  ]
  const COUNT = 192
  const piece = Buffer.alloc(MIB, 'x')
  for (const [name, path, type, head, end, status] of cases) {
    it(name, async () => {
      const before = await target.state()
      async function* body() {
        yield Buffer.from(head)
        for (let at = 0; at < COUNT; at++) yield piece
        if (end !== '') yield Buffer.from(end)
      }
      const init = { method: 'POST', headers: { 'content-type': type }, body: body(), duplex: 'half' }
      const answer = await fetch(`${target.url}/${path}`, init as RequestInit)
      const { code } = (await answer.json()) as ErrorAnswer
      assert.deepEqual([answer.status, code.startsWith('EKB_ERR_BODY_')], [status, true], code)
      const grown = ((await target.state()).maxRSS - before.maxRSS) / 1024
      assert.ok(grown < 96, `its memory had grown by ${grown.toFixed(0)} MiB`)
      await target.assertUntouched()
    })
  }
})
