import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../../packages/core/bin/ekiben.js', import.meta.url))

/** Runs `ekiben serve` and resolves with its ready line, when that came, and how to stop it. */
export async function startEkiben(identifier, flags = []) {
  const args = [BIN, 'serve', identifier, '--port', '0', '--host', '127.0.0.1', '--log-format', 'json', ...flags]
  const startedAt = performance.now()
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  const exited = new Promise((resolve) => child.once('close', resolve))
  const output = []
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk) => output.push(chunk))
  const ready = new Promise((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (line.includes('"msg":"ready"')) resolve({ ...JSON.parse(line), readyMs: performance.now() - startedAt })
    })
  })
  const failed = exited.then((code) => Promise.reject(new Error(`ekiben ended with ${code}:\n${output.join('')}`)))
  failed.catch(() => {})
  const { url, pid, services, readyMs } = await Promise.race([ready, failed])
  const stop = async () => {
    child.kill('SIGTERM')
    await exited
  }
  const workers = services.reduce((sum, service) => sum + Number(service.split(':')[1]), 0)
  return { url, pid, workers, readyMs, stop }
}
