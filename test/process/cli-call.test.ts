import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { type RunNodeOptions, runNodeToEnd } from '../helpers/run-node.js'
import { closedUrl, formOf, type Script, sendJson, startScripted } from '../helpers/scripted-server.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { waitUntil } from '../helpers/wait-until.js'

const FILE = { type: 'file', format: 'binary' }
const SCHEMA = {
  routes: [
    { name: 'count', route: '/v1/count', input: { properties: { text: {} } }, output: {} },
    { name: 'shout', route: '/shout', input: { root_input: true, type: 'string' }, output: { type: 'string' } },
    { name: 'show', route: '/show', input: { root_input: true, ...FILE }, output: FILE },
    { name: 'scan', route: '/scan', input: { properties: { image: FILE, scale: {} } }, output: {} },
  ],
}

const REFUSAL = { error: 'No such order', code: 'ORDER_UNKNOWN', statusCode: 404, detail: { id: 7 }, requestId: 'r1' }

const demo: Script = async (request, response) => {
  const { path, body, headers } = request
  if (path === '/schema.json') sendJson(response, SCHEMA)
  else if (path === '/v1/count')
    sendJson(response, { input: JSON.parse(body.toString() || 'null'), key: headers['x-key'] })
  else if (path === '/shout') response.setHeader('content-type', 'text/plain').end(`${body}!`)
  else if (path === '/show') response.setHeader('content-type', 'image/png').end(body)
  else if (path === '/scan') sendJson(response, await formOf(request))
  else if (path === '/gone') response.writeHead(410).end()
  else if (path === '/refuse') sendJson(response, REFUSAL, 404)
  else if (path === '/items')
    response.writeHead(200, { 'content-type': 'application/x-ndjson' }).end('{"a":1}\n"to"\n"ken"\n')
  else if (path === '/broken')
    response.writeHead(200, { 'content-type': 'application/x-ndjson' }).write('{"a":1}\n', () => response.destroy())
}

/** `ekiben call` to the demo. */
async function call(args: readonly string[], options: RunNodeOptions = {}) {
  await using server = await startScripted(demo)
  return await runNodeToEnd([EKIBEN, 'call', server.url, ...args], options)
}

/** What it prints where nothing is wrong. */
async function printed(args: readonly string[], options: RunNodeOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await call(args, options)
  assert.deepEqual([code, stderr], [0, ''])
  return stdout
}

async function fileWith(t: TestContext, name: string, data: string | Uint8Array): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-call-'))
  t.after(() => rm(folder, { recursive: true }))
  const file = join(folder, name)
  await writeFile(file, data)
  return file
}

describe('ekiben call', () => {
  it('posts JSON and prints JSON, on one line', async () => {
    const run = await call(['count', '{"text":"a b"}', '--header', 'X-Key: 5'])
    assert.deepEqual(run, { code: 0, signal: null, stdout: '{"input":{"text":"a b"},"key":"5"}\n', stderr: '' })
  })

  it('takes a route, and no input', async () => {
    assert.equal(await printed(['/v1/count']), '{"input":null}\n')
  })

  it('takes its input from a file or from standard input', async (t) => {
    const file = await fileWith(t, 'in.json', '{"a":1}')
    assert.equal(await printed(['count', `@${file}`]), '{"input":{"a":1}}\n')
    assert.equal(await printed(['count', '-'], { input: '[2]' }), '{"input":[2]}\n')
  })

  it('takes a text as it is where that is the whole input, and prints one so', async (t) => {
    assert.equal(await printed(['shout', 'hé']), 'hé!')
    const file = await fileWith(t, 'in.txt', '"quoted"')
    assert.equal(await printed(['shout', `@${file}`]), '"quoted"!')
  })

  it('sends a file as the whole input, and prints bytes as they are', async (t) => {
    const file = await fileWith(t, 'a.bin', 'abc\0')
    assert.equal(await printed(['show', `@${file}`]), 'abc\0')
  })

  it('sends files as fields', async (t) => {
    const file = await fileWith(t, 'a.png', 'abc')
    const { stdout, stderr } = await call(['scan', '{"scale":2}', '--file', `image=${file}`])
    assert.equal(stderr, '')
    assert.deepEqual(JSON.parse(stdout), [
      ['scale', '2'],
      ['image', 'abc', 'a.png', 'application/octet-stream'],
    ])
  })

  it('prints a stream item by item', async () => {
    assert.equal(await printed(['/items']), '{"a":1}\ntoken')
  })

  it('goes without a schema where there is none', async () => {
    await using server = await startScripted((request, response) =>
      request.path === '/plain' ? sendJson(response, 5) : response.writeHead(404).end(),
    )
    assert.equal((await runNodeToEnd([EKIBEN, 'call', server.url, 'plain'])).stdout, '5\n')
  })

  const failures: [string[], number, RegExp][] = [
    [
      ['/refuse'],
      1,
      /^EKB_ERR_CLIENT_REFUSED: .*\/refuse was refused with 404: ORDER_UNKNOWN: No such order \(request id r1\)\n {2}detail: \{"id":7\}\n {2}hint: /,
    ],
    [['/gone'], 1, /^EKB_ERR_CLIENT_REFUSED: POST http:\S+\/gone was refused with 410: Gone\n {2}hint: /],
    [['cuont'], 2, /^EKB_ERR_CLIENT_NO_API: .*'cuont'; its apis are count, .*\n.*Did you mean count\?/],
    [['count', '{oops'], 2, /^EKB_ERR_CLI_USAGE: The input is no JSON: \{oops/],
    [['count', '@/nowhere/at.all'], 2, /^EKB_ERR_CLI_USAGE: Cannot read \/nowhere\/at\.all: ENOENT/],
    [['count', '--timeout', 'soon'], 2, /^EKB_ERR_CLI_USAGE: --timeout is 'soon'; expected seconds/],
    [['count', '--header', 'x'], 2, /^EKB_ERR_CLI_USAGE: --header is 'x'; expected NAME:VALUE/],
    [['count', '[1]', '--file', 'a=b'], 2, /^EKB_ERR_CLI_USAGE: --file adds a field/],
    [['count', '--heade', 'x'], 2, /^EKB_ERR_CLI_USAGE: Unknown option '--heade'\n.*Did you mean --header\?/],
    [[], 2, /^EKB_ERR_CLI_USAGE: Missing required argument 'api'/],
    [['/broken'], 1, /^EKB_ERR_CLIENT_CUT: The answer of POST http:\S+\/broken broke off: /],
  ]
  for (const [args, code, message] of failures) {
    it(`${args.join(' ') || 'nothing'}: exit ${code}`, async () => {
      const run = await call(args)
      assert.match(run.stderr, message)
      assert.equal(run.code, code)
      assert.doesNotMatch(run.stderr, /^ +at /m)
    })
  }

  it('/never --timeout 0.5: exit 1', async () => {
    // On a busy machine not even the schema, which it asks for first, may come in that time.
    const run = await waitUntil(
      async () => {
        const run = await call(['/never', '--timeout', '0.5'])
        assert.doesNotMatch(run.stderr, /schema\.json did not answer/)
        return run
      },
      { timeoutMs: 60_000 },
    )
    assert.match(run.stderr, /^EKB_ERR_CLIENT_TIMEOUT: POST http:\S+\/never did not answer within 500 ms/)
    assert.equal(run.code, 1)
    assert.doesNotMatch(run.stderr, /^ +at /m)
  })

  it('says where nobody listens, and what is no address', async () => {
    const gone = await runNodeToEnd([EKIBEN, 'call', await closedUrl(), 'count'])
    assert.equal(gone.code, 1)
    assert.match(gone.stderr, /^EKB_ERR_CLIENT_UNREACHABLE: GET http:.* connect ECONNREFUSED/)
    const bad = await runNodeToEnd([EKIBEN, 'call', 'localhost:3000', 'count'])
    assert.equal(bad.code, 2)
    assert.match(bad.stderr, /^EKB_ERR_CLIENT_OPTION: Option 'url' of the client is localhost:3000/)
  })
})
