/**
 * What does TLS cost here? The built-in host against a bare server of node:https, one process each, in alternating rounds:
 * a connection for each request with a full handshake, the same with sessions that are gone on with, and connections that
 * last. Then two workers: how many of the sessions that clients offer are gone on with, by `ekiben serve` and by node:cluster.
 * About 50 s by default.
 *
 *     node bench/tls.mjs [--smoke] [--rounds N] [--ms N] [--clients N]
 *
 * Target: at least 0.8 of the bare server in each mode; every session gone on with.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { spread } from './http/sides.mjs'
import { ask, MODES } from './tls/client.mjs'
import { makeCertificate } from './tls/make-certificate.mjs'

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '20' },
    ms: { type: 'string', default: '400' },
    clients: { type: 'string', default: '8' },
  },
})
const rounds = values.smoke ? 2 : Number(values.rounds)
const ms = values.smoke ? 100 : Number(values.ms)
const clients = Number(values.clients)
const here = (path) => fileURLToPath(new URL(path, import.meta.url))

const pair = await makeCertificate()
await compareHosts()
await compareWorkers()

async function compareHosts() {
  const sides = [await startServer('bare'), await startServer('host')]
  try {
    console.log(`Node ${process.versions.node}, ${clients} clients, ${rounds} rounds of 2 x ${ms} ms for each mode`)
    for (const mode of MODES) {
      for (const side of sides) await turn(side, mode)
      const results = []
      for (let round = 0; round < rounds; round++) {
        const result = {}
        for (const side of round % 2 === 0 ? sides : sides.toReversed()) result[side.name] = await turn(side, mode)
        results.push(result)
      }
      report(mode, results)
    }
  } finally {
    for (const { server } of sides) server.kill('SIGKILL')
  }
}

function report(mode, results) {
  for (const name of ['bare', 'host']) {
    const rates = results.map((result) => result[name].rate)
    console.log(`${mode}: ${name}, requests/s: ${spread(rates, 0)}`)
  }
  const rates = results.map(({ bare, host }) => host.rate / bare.rate)
  const costs = results.map(({ bare, host }) => bare.cpuMicros / host.cpuMicros)
  console.log(`${mode}: requests/s, host / bare: ${spread(rates, 3)}`)
  console.log(`${mode}: requests per second of processor time, host / bare: ${spread(costs, 3)}`)
}

async function turn({ server, port }, mode) {
  const before = await read(server)
  const { answers } = await ask({ port, mode, clients, ms })
  const after = await read(server)
  const cpu = after.user + after.system - before.user - before.system
  return { rate: (answers / (after.at - before.at)) * 1000, cpuMicros: cpu / answers }
}

async function compareWorkers() {
  const cluster = await startServer('cluster')
  const folder = await mkdtemp(join(tmpdir(), 'ekb-bench-'))
  const ekiben = await startEkiben(folder)
  try {
    for (const { name, port } of [cluster, ekiben]) {
      const { answers, resumed } = await ask({ port, mode: 'resumed', clients, ms: values.smoke ? 200 : 3_000 })
      const share = ((100 * resumed) / answers).toFixed(1)
      console.log(`two workers, ${name}: ${share} % of ${answers} sessions were gone on with`)
    }
  } finally {
    cluster.server.kill('SIGKILL')
    ekiben.server.kill('SIGTERM')
    await once(ekiben.server, 'exit')
    await rm(folder, { recursive: true, force: true })
  }
}

async function startServer(name) {
  const server = spawn(process.execPath, [here(`tls/${name}-server.mjs`)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  server.send(pair)
  const [{ port }] = await once(server, 'message')
  return { name, server, port }
}

async function startEkiben(folder) {
  const [cert, key] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  await writeFile(cert, pair.cert, { mode: 0o600 })
  await writeFile(key, pair.key, { mode: 0o600 })
  const flags = ['--port', '0', '--host', '127.0.0.1', '--api-workers', '2', '--no-access-log', '--log-format', 'json']
  const tls = ['--ssl-certfile', cert, '--ssl-keyfile', key]
  const args = [here('../packages/core/bin/ekiben.js'), 'serve', './service.mjs:TextClassifier', ...flags, ...tls]
  const env = { ...process.env, EKIBEN_RUNTIME_DIR: join(folder, 'run') }
  const server = spawn(process.execPath, args, { cwd: here('tls'), env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  for await (const piece of server.stdout.iterator({ destroyOnReturn: false })) {
    output += piece
    const url = /"url":"([^"]+)".*"msg":"ready"/.exec(output)?.[1]
    if (url === undefined) continue
    server.stdout.resume()
    return { name: 'ekiben', server, port: Number(new URL(url).port) }
  }
  throw new Error(`ekiben did not start: ${output}`)
}

async function read(server) {
  server.send('read')
  const [reading] = await once(server, 'message')
  return reading
}
