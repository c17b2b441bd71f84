import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const BIN = fileURLToPath(new URL('../packages/core/bin/ekiben.js', import.meta.url))
const SERVICES = fileURLToPath(new URL('../test/fixtures/services/', import.meta.url))

/**
 * `ekiben serve` on the service with apis of every kind, once it is ready. `stop()` resolves to what its access log
 * has: `{ byStatus, slowestMs, errors, exitCode }`, where `errors` are the lines that say that something went wrong.
 */
export async function startTarget(folder) {
  const args = ['serve', 'every-kind:EveryKind', '--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
  const env = { ...process.env, EKIBEN_RUNTIME_DIR: `${folder}/run` }
  const child = spawn(process.execPath, [BIN, ...args, '--access-log'], {
    cwd: SERVICES,
    env,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const answers = { byStatus: new Map(), slowestMs: 0, errors: [], exitCode: undefined }
  const exited = once(child, 'close')
  const url = await new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the server ended with ${code} before it was ready`)))
    createInterface({ input: child.stdout }).on('line', (line) => {
      const entry = JSON.parse(line)
      if (entry.msg === 'ready') resolve(entry.url)
      note(entry, line, answers)
    })
  })
  return {
    url,
    stop: async () => {
      child.kill('SIGTERM')
      answers.exitCode = (await exited)[0]
      return answers
    },
    kill: () => child.kill('SIGKILL'),
  }
}

function note(entry, line, answers) {
  if (entry.msg === 'request') {
    answers.byStatus.set(entry.status, (answers.byStatus.get(entry.status) ?? 0) + 1)
    answers.slowestMs = Math.max(answers.slowestMs, entry.ms)
  } else if (entry.level === 'warn' || entry.level === 'error') {
    answers.errors.push(line)
  }
}
