import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { steer } from '../helpers/control-socket.js'
import { NO_NGINX, startNginx } from '../helpers/nginx.js'
import { EKIBEN, SERVICES } from '../helpers/serve-fixture.js'
import { type ServingCommand, startServing } from '../helpers/serving-command.js'
import { type SocketFolder, socketFolder } from '../helpers/unix-http.js'
import { waitUntil } from '../helpers/wait-until.js'

interface Who {
  readonly pid: number
  readonly remoteAddress: string | null
  readonly host: string
}

/** What docs/deploy.md tells people to write, for this socket. */
function documented({ socket }: SocketFolder): string {
  const [, block] = /```nginx\n([\s\S]+?)```/.exec(readFileSync('docs/deploy.md', 'utf8')) ?? []
  assert.ok(block?.includes('unix:/run/classifier/app.sock'), 'docs/deploy.md shows no nginx')
  return (block as string).replace('/run/classifier/app.sock', socket)
}

function serveOn({ socket }: SocketFolder, flags: readonly string[] = []): Promise<ServingCommand> {
  const serve = [EKIBEN, 'serve', 'says-who-calls', '--uds', socket, '--trust-proxy', '--log-format', 'json']
  return startServing([...serve, ...flags], { cwd: SERVICES })
}

async function who(url: string, headers: Readonly<Record<string, string>> = {}): Promise<Who> {
  const all = { 'content-type': 'application/json', ...headers }
  const answer = await fetch(`${url}/who`, { method: 'POST', headers: all, body: '{}' })
  assert.equal(answer.status, 200)
  return (await answer.json()) as Who
}

describe('nginx in front of a Unix socket, as documented', { skip: NO_NGINX }, () => {
  it('passes requests on, and says for whom, whatever the client has sent itself', async () => {
    await using at = await socketFolder()
    await using server = await serveOn(at)
    await using nginx = await startNginx(at.path, documented(at))
    const plain = await who(nginx.url)
    assert.deepEqual([plain.remoteAddress, plain.host], ['127.0.0.1', '127.0.0.1'])
    const forged = await who(nginx.url, { 'x-forwarded-for': '203.0.113.7', 'x-forwarded-host': 'evil.example' })
    assert.deepEqual([forged.remoteAddress, forged.host], ['127.0.0.1', '127.0.0.1'])
    assert.equal(await server.stop(), 0)
    const after = await fetch(`${nginx.url}/who`, { method: 'POST' })
    assert.equal(after.status, 502)
  })

  it('loses no request over a reload', async () => {
    await using at = await socketFolder()
    await using server = await serveOn(at, ['--api-workers', '2', '--set', 'minReadyMs=50'])
    await using nginx = await startNginx(at.path, documented(at))
    let over = false
    const pids = new Set<number>()
    const load = Array.from({ length: 8 }, async () => {
      while (!over) pids.add((await who(nginx.url)).pid)
    })
    await waitUntil(() => pids.size === 2, { timeoutMs: 30_000, describe: () => `two workers: ${server.stdout()}` })
    const { code, stderr } = await steer(server, ['reload'])
    assert.equal(code, 0, stderr)
    await waitUntil(() => pids.size === 4, { timeoutMs: 30_000, describe: () => `two more: ${server.stdout()}` })
    over = true
    await Promise.all(load)
    assert.equal(await server.stop(), 0, server.stdout() + server.stderr())
    assert.equal(nginx.errors(), '')
  })
})
