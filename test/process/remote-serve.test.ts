import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN, failFixture, call as post, SERVICES, serveFixture } from '../helpers/serve-fixture.js'
import type { ServingCommand } from '../helpers/serving-command.js'
import { freePort } from '../helpers/socket-facts.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Asked {
  readonly value?: unknown
  readonly error?: { code: string; statusCode: number; message: string; hint: string; remote?: object }
}

interface Echo {
  readonly input: unknown
  readonly pid: number
  readonly seen: Readonly<Record<string, unknown>>
}

describe('a service that runs elsewhere', () => {
  let far: ServingCommand
  let near: ServingCommand
  before(async () => {
    far = await serveFixture('elsewhere:Near', ['--only', 'Far'])
    const flags = ['--depends', `Far=${far.url}`]
    near = await serveFixture('elsewhere:Near', flags, { env: { FAR_URL: far.url } })
  })
  after(async () => {
    assert.equal(await near.stop(), 0)
    assert.equal(await far.stop(), 0)
    await near[Symbol.asyncDispose]()
    await far[Symbol.asyncDispose]()
  })

  const ask = async (input: object) => (await post<Asked>(near.url, 'ask', input)).body
  const events = async () => (await post<string[]>(far.url, 'events')).body
  const whenEvent = (event: string) =>
    waitUntil(async () => (await events()).includes(event), { describe: () => `${event} at the service elsewhere` })

  for (const via of ['far', 'known', 'asked']) {
    describe(`called by ${via}`, () => {
      it('answers with what it was asked, under its own route', async () => {
        const { value } = await ask({ via, api: 'echo', input: { list: [1, 'é', null], deep: { ok: true } } })
        const { input, pid } = value as Echo
        assert.deepEqual(input, { list: [1, 'é', null], deep: { ok: true } })
        assert.notEqual(pid, undefined)
        assert.deepEqual(await ask({ via, api: 'text' }), { value: 'plain' })
        assert.deepEqual(await ask({ via, api: 'png' }), { value: { type: 'image/png', bytes: [137, 80] } })
      })

      it('takes files', async () => {
        const { value } = await ask({ via, api: 'look', input: { note: 'n' }, file: 'inside' })
        assert.deepEqual(value, { name: 'é.txt', type: 'text/plain', text: 'inside', note: 'n' })
      })

      it('streams', async () => {
        const { body } = await post<{ items: unknown[] }>(near.url, 'items', { via, api: 'count', input: { to: 3 } })
        assert.deepEqual(body, { items: [{ n: 1 }, { n: 2 }, { n: 3 }] })
      })

      it('streams to its error, and is told when nobody reads on', async () => {
        const breaks = { via, api: 'count', input: { to: 2, breaks: true } }
        const { body } = await post<{ items: unknown[]; error: Asked['error'] }>(near.url, 'items', breaks)
        assert.equal(body.items.length, 2)
        assert.deepEqual(body.error?.remote, { statusCode: 409, code: 'NO_PAPER', message: 'Out of paper' })
        const name = `left by ${via}`
        await post(near.url, 'items', { via, api: 'forever', input: { name }, take: 2 })
        await whenEvent(`${name} ended`)
        const { body: refused } = await post<{ error: Asked['error'] }>(near.url, 'items', { via, api: 'refusesItems' })
        assert.deepEqual([refused.error?.code, refused.error?.statusCode], ['EKB_ERR_DEPENDENCY_FAILED', 502])
      })

      it('refuses as a service on this machine does', async () => {
        const { error } = await ask({ via, api: 'refuse' })
        assert.deepEqual([error?.code, error?.statusCode], ['EKB_ERR_DEPENDENCY_FAILED', 502])
        assert.deepEqual(error?.remote, {
          statusCode: 404,
          code: 'NO_PAGE',
          message: 'No such page',
          detail: { page: 7 },
        })
        const passed = await post<Record<string, unknown>>(near.url, 'pass', { via, api: 'refuse' })
        assert.deepEqual([passed.status, passed.body.code], [502, 'EKB_ERR_DEPENDENCY_FAILED'])
        assert.doesNotMatch(JSON.stringify(passed.body), /Far|127\.0\.0\.1|page/)
        const own = await post<Record<string, unknown>>(near.url, 'own', { via, api: 'refuse' })
        assert.deepEqual([own.status, own.body.code, own.body.error], [404, 'NO_PAGE', 'No such page'])
      })

      it('fails as itself, and its address is in the log alone', async () => {
        const before = near.stdout().length
        const { status, body } = await post<Record<string, unknown>>(near.url, 'pass', { via, api: 'fail' })
        assert.equal(status, 500)
        assert.doesNotMatch(JSON.stringify(body), /secret|Far|127\.0\.0\.1/)
        await waitUntil(() => near.stdout().slice(before).includes(`fail (${far.url}) failed with 500`), {
          describe: () => 'the address in the log',
        })
      })

      for (const [unsendable, received] of [
        ['map', 'a Map at $.map'],
        ['big', 'a BigInt at $.big'],
        ['nested', 'a Set at $.nested.set'],
      ] as const) {
        it(`is not sent ${received}`, async () => {
          const { error } = await ask({ via, api: 'echo', unsendable })
          assert.equal(error?.code, 'EKB_ERR_NOT_SERIALISABLE')
          assert.match(error.message, new RegExp(`^Cannot send ${received.replaceAll('$', '\\$')} to `))
        })
      }

      it('is aborted when its time is up, and when the client leaves', async () => {
        const late = `late by ${via}`
        // On a busy machine its time may be up before it has begun there.
        for (let timeoutMs = 300; !(await events()).includes(`${late} began`); timeoutMs *= 2) {
          const { error } = await ask({ via, api: 'hang', input: { name: late }, options: { timeoutMs } })
          assert.deepEqual([error?.code, error?.statusCode], ['EKB_ERR_TIMEOUT', 504])
        }
        await whenEvent(`${late} ended`)
        const gone = `gone by ${via}`
        const leave = new AbortController()
        const body = JSON.stringify({ via, api: 'hang', input: { name: gone } })
        const headers = { 'content-type': 'application/json' }
        const left = fetch(`${near.url}/pass`, { method: 'POST', headers, body, signal: leave.signal })
        await whenEvent(`${gone} began`)
        leave.abort()
        await assert.rejects(left, { name: 'AbortError' })
        await whenEvent(`${gone} ended`)
      })
    })
  }

  it('is told ids, and the listed headers by whom lists them', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const headers = {
      ...{ 'content-type': 'application/json', 'x-request-id': 'r-7', traceparent },
      ...{ authorization: 'Bearer t', cookie: 'a=1', 'x-tenant': 'acme' },
    }
    const seenBy = async (via: string) => {
      const body = JSON.stringify({ via, api: 'echo', options: { timeoutMs: 60_000 } })
      const answer = await fetch(`${near.url}/ask`, { method: 'POST', headers, body })
      return ((await answer.json()) as { value: Echo }).value.seen
    }
    const ids = { requestId: 'r-7', traceparent, hasDeadline: true, cookie: null }
    assert.deepEqual(await seenBy('known'), { ...ids, authorization: 'Bearer t', tenant: 'acme' })
    for (const via of ['far', 'asked']) {
      assert.deepEqual(await seenBy(via), { ...ids, authorization: null, tenant: null })
    }
  })

  it('relays a stream to the edge', async () => {
    const body = JSON.stringify({ via: 'far', api: 'count', input: { to: 2 } })
    const headers = { 'content-type': 'application/json' }
    const answer = await fetch(`${near.url}/relay`, { method: 'POST', headers, body })
    assert.equal(await answer.text(), '{"n":1}\n{"n":2}\n')
  })

  it('is counted as any other', async () => {
    await ask({ via: 'far', api: 'text' })
    await waitUntil(
      async () =>
        /ekiben_calls_total\{from="Near",to="Far",api="text",code="200"\} \d/.test(
          await (await fetch(`${near.url}/metrics`)).text(),
        ),
      { describe: () => 'the call in the metrics' },
    )
  })
})

describe('a service that is away', () => {
  it('fails typed, does not hold up readiness, is shown, and is called again when it is back', async () => {
    const port = String(await freePort())
    await using first = await serveFixture('elsewhere:Near', ['--only', 'Far', '--port', port])
    const url = first.url.replace('//', '//ann:s3cret@')
    await using near = await serveFixture('elsewhere:Near', ['--depends', `Far=${url}`, '--admin', '127.0.0.1:0'])
    const ask = async () => (await post<Asked>(near.url, 'ask', { via: 'far', api: 'text' })).body
    const remotes = async () => {
      const { stdout } = await runNodeToEnd([EKIBEN, 'ps', '--json'], { runtimeDir: near.runtimeDir })
      const all = JSON.parse(stdout) as { url: string; remotes: Record<string, unknown>[] }[]
      assert.doesNotMatch(stdout, /s3cret|ann/)
      return all.find((instance) => instance.url === near.url)?.remotes.find(({ property }) => property === 'far')
    }
    // One that does not answer at once is taken for one that is away.
    const whenReady = () =>
      waitUntil(async () => {
        const row = await remotes()
        assert.equal(row?.state, 'ready')
        return row
      })
    assert.deepEqual(await ask(), { value: 'plain' })
    const { body: optional } = await post<Asked>(near.url, 'ask', { via: 'asked', api: 'text' })
    assert.equal(optional.error?.code, 'EKB_ERR_DEPENDENCY_DOWN')
    const { since, ...up } = await whenReady()
    assert.ok(Number.isFinite(Date.parse(String(since))))
    const row = { service: 'Near', property: 'far', target: 'Far', optional: false, reason: null }
    assert.deepEqual(up, { ...row, url: first.url.replace('//', '//***@'), state: 'ready' })

    assert.equal(await first.stop(), 0)
    const { error } = await ask()
    assert.deepEqual([error?.code, error?.statusCode], ['EKB_ERR_DEPENDENCY_DOWN', 503])
    assert.doesNotMatch(JSON.stringify(error), /s3cret|ann:/)
    assert.equal((await fetch(`${near.url}/readyz`)).status, 200)
    const down = await remotes()
    assert.equal(down?.state, 'unreachable')
    assert.match(String(down?.reason), /ECONNREFUSED/)
    const { stdout: table } = await runNodeToEnd([EKIBEN, 'ps'], { runtimeDir: near.runtimeDir })
    assert.match(table, /^ELSEWHERE +URL +STATE +SINCE +REASON$/m)
    assert.match(table, /^Near\.far +http:\/\/\*\*\*@127\.0\.0\.1:\d+ +unreachable +\d+ (ms|s) +.*ECONNREFUSED/m)
    const admin = near.stdout().match(/"address":"(127\.0\.0\.1:\d+)"/)?.[1]
    const status = (await (await fetch(`http://${admin}/status`)).json()) as { remotes: { state: string }[] }
    assert.deepEqual(status.remotes[0]?.state, 'unreachable')
    assert.equal((await fetch(`http://${admin}/readyz`)).status, 200)

    await using again = await serveFixture('elsewhere:Near', ['--only', 'Far', '--port', port])
    assert.deepEqual(await ask(), { value: 'plain' })
    await whenReady()
    assert.doesNotMatch(near.stdout() + near.stderr(), /s3cret/)
    assert.equal(await near.stop(), 0)
    assert.equal(await again.stop(), 0)
  })

  it('that is lost with a call in it is no call that did not run', async () => {
    await using far = await serveFixture('elsewhere:Near', ['--only', 'Far'])
    await using near = await serveFixture('elsewhere:Near', ['--depends', `Far=${far.url}`])
    const { body } = await post<Asked>(near.url, 'ask', { via: 'far', api: 'exit' })
    assert.deepEqual([body.error?.code, body.error?.statusCode], ['EKB_ERR_DEPENDENCY_DOWN', 503])
    assert.equal(await near.stop(), 0)
    await far.stop()
  })

  it('that takes no more calls is tried again where a call may run twice, and says so where not', async () => {
    const limits = ['--set', 'Far.traffic.maxConcurrency=1', '--set', 'Far.traffic.maxQueue=0']
    await using far = await serveFixture('elsewhere:Near', ['--only', 'Far', ...limits])
    await using near = await serveFixture('elsewhere:Near', ['--depends', `Far=${far.url}`])
    const held = new AbortController()
    const holds = fetch(`${far.url}/hang`, { method: 'POST', signal: held.signal })
    const metrics = async () => (await fetch(`${far.url}/metrics`)).text()
    await waitUntil(async () => /requests_in_flight\{service="Far"\} 1/.test(await metrics()), {
      describe: () => 'a call that takes the only place',
    })
    const answer = await post<{ code: string }>(near.url, 'pass', { via: 'far', api: 'text' })
    assert.deepEqual([answer.status, answer.body.code, answer.headers['retry-after']], [429, 'EKB_ERR_OVERLOADED', '1'])
    const again = post<Asked>(near.url, 'ask', { via: 'far', api: 'echo', input: 'in the end' })
    await waitUntil(async () => /requests_total\{service="Far",api="echo",code="429"\}/.test(await metrics()), {
      describe: () => 'the first try, refused',
    })
    held.abort()
    await assert.rejects(holds, { name: 'AbortError' })
    assert.equal(((await again).body.value as Echo).input, 'in the end')
    assert.equal(await near.stop(), 0)
    assert.equal(await far.stop(), 0)
  })

  it('two hops down gets no header of the client', async () => {
    await using far = await serveFixture('elsewhere:Near', ['--only', 'Far'])
    await using top = await serveFixture('elsewhere:Top', ['--depends', `Far=${far.url}`], {
      env: { FAR_URL: far.url },
    })
    const headers = { 'content-type': 'application/json', authorization: 'Bearer t' }
    const body = JSON.stringify({ via: 'known', api: 'echo' })
    const answer = await fetch(`${top.url}/ask`, { method: 'POST', headers, body })
    const { value } = (await answer.json()) as { value: Echo }
    assert.equal(value.seen.authorization, null)
    assert.equal(await top.stop(), 0)
    assert.equal(await far.stop(), 0)
  })
})

describe('--only and --depends', () => {
  const dryRun = async (flags: readonly string[], env = {}) => {
    const { stdout, stderr, code } = await runNodeToEnd([EKIBEN, 'serve', 'elsewhere:Top', '--dry-run', ...flags], {
      cwd: SERVICES,
      env,
    })
    assert.equal(code, 0, stderr)
    const plan = JSON.parse(stdout) as {
      entry: string
      services: { name: string; workers: number; remotes: object[]; traffic: { timeoutMs?: number } }[]
      warnings: { code: string }[]
      settings?: Record<string, unknown>
    }
    assert.doesNotMatch(stdout, /s3cret/)
    return plan
  }
  const namesOf = ({ services }: { services: { name: string }[] }) => services.map(({ name }) => name)

  it('leave out of the plan what runs elsewhere and what only that needed', async () => {
    assert.deepEqual(namesOf(await dryRun([])), ['Far', 'Near', 'Top'])
    const plan = await dryRun(['--depends', 'Near=http://u:s3cret@near:3000/x', '--explain'])
    assert.deepEqual(namesOf(plan), ['Top'])
    assert.deepEqual(plan.services[0]?.remotes, [
      { property: 'near', url: 'http://***@near:3000/x', optional: false, service: 'Near' },
    ])
    assert.deepEqual(plan.settings?.depends, { Near: { value: 'http://***@near:3000/x', source: 'flag --depends' } })
  })

  it('can be given by variable, file and code, and settings of what runs elsewhere are no error', async () => {
    const env = { EKIBEN_DEPENDS: 'Far=http://far:3000,Near=http://near:3000', EKIBEN_ONLY: 'Top' }
    assert.deepEqual(namesOf(await dryRun([], env)), ['Top'])
    assert.deepEqual(namesOf(await dryRun(['--set', 'depends.Near=http://near:3000'])), ['Top'])
    const plan = await dryRun(['--depends', 'Near=http://near', '--workers', 'Far=2'])
    assert.deepEqual(
      plan.warnings.map(({ code }) => code).filter((code) => code === 'EKB_WRN_PLAN_ELSEWHERE'),
      ['EKB_WRN_PLAN_ELSEWHERE'],
    )
  })

  it('make the one that is served alone the entry, with all that goes for an entry', async () => {
    const plan = await dryRun(['--only', 'Near', '--depends', 'Far=http://far', '--api-workers', '3', '--timeout', '7'])
    assert.equal(plan.entry, 'Near')
    const [{ workers, traffic } = {} as never] = plan.services as readonly { workers: number; traffic: object }[]
    assert.deepEqual([namesOf(plan), workers], [['Near'], 3])
    assert.deepEqual((traffic as { timeoutMs: number }).timeoutMs, 7_000)
  })

  it('show in the graph', async () => {
    const flags = ['--only', 'Near', '--depends', 'Far=http://u:s3cret@far:3000']
    const { stdout } = await runNodeToEnd([EKIBEN, 'graph', 'elsewhere:Top', ...flags], { cwd: SERVICES })
    assert.match(stdout, /^Near {2}1 worker;/)
    assert.match(stdout, /─ far: Far at http:\/\/\*\*\*@far:3000 \(elsewhere\)/)
    assert.doesNotMatch(stdout, /Top|s3cret/)
  })

  for (const { what, flags, code, says } of [
    {
      what: 'a service that is not in the graph',
      flags: ['--depends', 'Fra=http://far'],
      code: 'EKB_ERR_CONFIG_UNKNOWN',
      says: /depends\.Fra.*--depends[\s\S]*Did you mean Far/,
    },
    { what: 'the entry', flags: ['--depends', 'Top=http://far'], code: 'EKB_ERR_CONFIG_INVALID', says: /depends\.Top/ },
    {
      what: 'what is no URL',
      flags: ['--depends', 'Far=ftp://u:s3cret@far'],
      code: 'EKB_ERR_CONFIG_INVALID',
      says: /'ftp:\/\/\*\*\*@far'; expected an http or https URL/,
    },
    { what: 'no URL at all', flags: ['--depends', 'Far'], code: 'EKB_ERR_CONFIG_INVALID', says: /NAME=URL/ },
    {
      what: 'a name that is none',
      flags: ['--only', 'Naer'],
      code: 'EKB_ERR_SERVICE_UNKNOWN',
      says: /'Naer'[\s\S]*Did you mean .*Near/,
    },
    {
      what: 'one alone that needs others',
      flags: ['--only', 'Near'],
      code: 'EKB_ERR_PLAN_ONLY_INCOMPLETE',
      says: /--depends Far=URL/,
    },
  ]) {
    it(`refuse ${what} with ${code}`, async () => {
      const ended = await failFixture('elsewhere:Top', flags)
      assert.equal(ended.code, 2, ended.stderr)
      assert.match(ended.stderr, new RegExp(code))
      assert.match(ended.stderr, says)
      assert.doesNotMatch(ended.stderr, /s3cret/)
    })
  }

  it('hold from code, and through a reload', async () => {
    const embeds = fileURLToPath(new URL('../fixtures/embeds-elsewhere.mjs', import.meta.url))
    const { stdout, stderr, code } = await runNodeToEnd([embeds], { cwd: SERVICES })
    assert.equal(code, 0, stderr)
    assert.deepEqual(JSON.parse(stdout), { before: ['Near'], after: ['Near'], asked: 'plain', state: 'unknown' })
  })
})
