// A rolling restart as it is usually written for node:cluster: fork a new worker, wait until it listens, tell an old
// one to finish; one that has not done so after 10 s is killed. Commands come by signal, as they would in production.
import cluster from 'node:cluster'
import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'

const WORKERS = 2
const LISTEN_TIMEOUT_MS = Number(process.env.LISTEN_TIMEOUT_MS ?? 3_000)
const KILL_TIMEOUT_MS = 10_000

cluster.setupPrimary({ exec: new URL('app.mjs', import.meta.url).pathname })
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`)
let isStopping = false

cluster.on('exit', (worker) => {
  say({ event: 'exit', pid: worker.process.pid, at: Date.now() })
  if (worker.isServing && !worker.exitedAfterDisconnect && !isStopping) void start().catch(() => {})
})

async function start() {
  const worker = cluster.fork()
  say({ event: 'fork', pid: worker.process.pid, at: Date.now() })
  const outcome = await Promise.race([
    once(worker, 'listening').then(() => 'listening'),
    once(worker, 'exit').then(() => 'ended before it listened'),
    sleep(LISTEN_TIMEOUT_MS, 'did not listen in time', { ref: false }),
  ])
  if (outcome !== 'listening') {
    worker.process.kill('SIGKILL')
    throw new Error(outcome)
  }
  worker.isServing = true
  say({ event: 'listening', pid: worker.process.pid, at: Date.now() })
  return worker
}

async function reload() {
  const old = Object.values(cluster.workers).filter((worker) => worker.isServing)
  for (const worker of old) {
    await start()
    void finish(worker)
  }
}

process.on('SIGHUP', async () => {
  const reason = await reload().then(
    () => undefined,
    (error) => error.message,
  )
  say({ event: 'reloaded', reason })
})

/** As in the documentation of `worker.disconnect()`; one that has died in the meantime cannot be told. */
async function finish(worker) {
  if (!worker.isConnected()) return
  worker.send('shutdown')
  worker.disconnect()
  const timer = setTimeout(() => worker.process.kill('SIGKILL'), KILL_TIMEOUT_MS)
  await once(worker, 'exit')
  clearTimeout(timer)
}

process.on('SIGTERM', async () => {
  isStopping = true
  await Promise.all(Object.values(cluster.workers).map(finish))
  process.exit(0)
})

await Promise.all(Array.from({ length: WORKERS }, start))
say({ event: 'ready' })
