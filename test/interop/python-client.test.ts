import assert from 'node:assert/strict'
import { before, describe, it } from 'node:test'
import { factsIn, NEEDS_BENTOML, runPython } from '../helpers/bentoml.js'
import { closedUrl } from '../helpers/scripted-server.js'
import { serveFixture } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Failure {
  readonly type: string
  readonly status?: number
  readonly message?: string
  readonly body: { readonly error: string; readonly code: string; readonly detail?: unknown }
}

type Facts = Readonly<Record<string, unknown>>

/** What `call_ekiben.py` finds, by group, when it calls the service `name`. */
async function factsOf(groups: readonly string[], kind: 'sync' | 'async', name: string): Promise<Facts> {
  await using server = await serveFixture(`for-python:${name}`)
  await using run = await runPython(['call_ekiben.py', groups.join(','), kind, server.url])
  const found = await factsIn<Facts>(run)
  assert.equal(await server.stop(), 0)
  return found
}

/** The groups that either client is tried with, in one process of Python, which takes a second to load. */
const GROUPS = ['keyword', 'root', 'text', 'files', 'streams', 'errors', 'names']

const shortly = ({ type, status, body }: Failure) => [type, status, body.code]

for (const kind of ['sync', 'async'] as const) {
  describe(`BentoML's ${kind} client`, NEEDS_BENTOML, () => {
    let all: Facts = {}
    before(async () => {
      all = await factsOf(kind === 'async' ? [...GROUPS, 'concurrent'] : GROUPS, kind, 'ForPython')
    })
    const facts = <T = Facts>(group: string): T => {
      const { raised } = all[group] as { raised?: string }
      assert.equal(raised, undefined, raised)
      return all[group] as T
    }

    it('calls by name and by position, and leaves defaults to the schema', () => {
      const { unknown, missing, ...found } = facts('keyword')
      assert.deepEqual(found, {
        named: 3,
        positional: Object.entries({ first: 'one', second: 'two', third: 3 }),
        mixed: Object.entries({ first: 'one', second: 'two', third: 4 }),
        none: null,
        doc: 'Adds two numbers.',
        isTask: false,
      })
      assert.match((unknown as Failure).message ?? '', /Arguments not found .*'c'/)
      assert.match((missing as Failure).message ?? '', /Missing required arguments .*'b'/)
    })

    it('gives a whole body: text as it is, lists, objects of any name, and what no schema tells of', () => {
      assert.deepEqual(facts('root'), {
        text: 'FIVE',
        quoted: '"5"',
        list: 6.5,
        record: { a: 1, 'b c': 2 },
        undeclared: { got: { a: [1, null] } },
        undeclaredNone: { got: {} },
        // It sends, and reads, what the schemas name.
        loose: { a: ['a'] },
      })
    })

    it('reads text as it is, in any language, and bytes as bytes', () => {
      assert.deepEqual(facts('text'), {
        default: 'Hello, Ada!',
        looksLikeJson: '{"a": 1}, 5!',
        unicode: '¡Hola, Zoë 🚉 駅弁!',
        rootUnicode: 'STRASSE 🍱',
        maybe: ['so', 'null'],
        bytes: [255, 255, 255],
      })
    })

    it('uploads a file and a list of them, and keeps one that is answered under its name', () => {
      const { url, open, null: none, root, answered, ...found } = facts('files')
      const image = ['image.png', 'image/png', 'an image']
      const one = ['1.txt', 'text/plain', 'one']
      assert.deepEqual(found, {
        scanned: { files: [image, one, ['zwei é.txt', 'text/plain', 'two']], note: '5' },
        asNames: { files: [image, one] },
        optional: { image: 'image.png', note: 'with' },
        absent: { image: null, note: 'without é' },
      })
      assert.deepEqual(shortly(url as Failure), ['InvalidArgument', 400, 'EKB_ERR_BODY_INVALID'])
      const { name, text, foreign } = answered as { name: string; text: string; foreign: string }
      assert.ok(name.endsWith('two words.txt'), name)
      assert.equal(text, 'wörds')
      // It reads no `filename*`.
      assert.ok(foreign.endsWith('_t_.txt'), foreign)
      // Its own limits, met before anything is sent.
      assert.deepEqual([(open as Failure).type, (none as Failure).type], ['AssertionError', 'AssertionError'])
      if (kind === 'sync') assert.deepEqual(root, { type: 'image/png', text: 'an image' })
      else assert.match((root as Failure).message ?? '', /sync request with an AsyncClient/)
    })

    it('iterates streams of text and of bytes, and sees one that breaks off', () => {
      const { refused, wrong, broken, ...found } = facts('streams')
      assert.deepEqual(found, { text: 'tokens 🚉', none: [], bytes: [0, 1, 2, 3] })
      assert.deepEqual(shortly(refused as Failure), ['NotFound', 404, 'NOTHING'])
      assert.deepEqual(shortly(wrong as Failure), ['InvalidArgument', 400, 'EKB_ERR_VALIDATION'])
      assert.equal((broken as Failure).type, 'RemoteProtocolError')
    })

    it('raises its own errors by the status, with our body as the message', () => {
      const { validation, refused, internal, ...found } = facts<{
        validation: Failure
        refused: Record<string, Failure>
        internal: Failure
      }>('errors')
      assert.deepEqual(shortly(validation), ['InvalidArgument', 400, 'EKB_ERR_VALIDATION'])
      assert.deepEqual((validation.body.detail as { path: unknown }[])[0]?.path, ['a'])
      assert.deepEqual(Object.values(refused).map(shortly), [
        ['BentoMLException', 401, 'NO_PAPER'],
        ['NotFound', 404, 'NO_PAPER'],
        ['BentoMLException', 409, 'NO_PAPER'],
        ['UnprocessableEntity', 422, 'NO_PAPER'],
        ['BentoMLException', 429, 'NO_PAPER'],
        ['ServiceUnavailable', 503, 'NO_PAPER'],
      ])
      assert.equal(refused['409']?.body.error, 'Out of paper')
      assert.deepEqual(shortly(internal), ['BentoMLException', 500, 'EKB_ERR_INTERNAL'])
      assert.doesNotMatch(internal.body.error, /secret/)
      assert.deepEqual(found, {
        pickle: [415, 'EKB_ERR_MEDIA_TYPE'],
        task: [404, 'EKB_ERR_TASK_UNSUPPORTED'],
        route: [404, 'EKB_ERR_ROUTE_NOT_FOUND'],
      })
    })

    it('has an api that is named as a method of its own, with a prefix', () => {
      const called = 'an api, not the method'
      assert.deepEqual(facts('names'), { prefixed: called, called, own: 200 })
    })

    it('waits for a server that is still to come', async () => {
      const url = await closedUrl()
      await using asking = await runPython(['call_ekiben.py', 'ready', kind, url])
      await waitUntil(() => asking.stderr().includes('asking'), { timeoutMs: 30_000, describe: 'the client to ask' })
      await using server = await serveFixture('for-python:ForPython', ['--port', new URL(url).port])
      assert.deepEqual(await factsIn(asking), { ready: { isReady: true, added: 3 } })
      assert.equal(await server.stop(), 0)
    })

    it('is told when an answer took too long', async () => {
      const { late } = await factsOf(['late'], kind, 'Late')
      assert.deepEqual(shortly((late as { expired: Failure }).expired), ['BentoMLException', 504, 'EKB_ERR_TIMEOUT'])
    })

    if (kind === 'sync') return

    it('makes many calls at once', () => {
      const { sums, greetings, total } = facts('concurrent')
      const doubles = Array.from({ length: 50 }, (_, n) => 2 * n)
      assert.deepEqual([sums, greetings, total], [doubles, 50, 499_500])
    })

    it('is told when the service is busy', async () => {
      const { busy } = await factsOf(['busy'], kind, 'Busy')
      const { refused, held } = busy as { refused: Failure; held: unknown }
      assert.deepEqual(shortly(refused), ['BentoMLException', 429, 'EKB_ERR_OVERLOADED'])
      assert.equal(held, 'held')
    })
  })
}
