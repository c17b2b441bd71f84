/** An app served by a process of its own, for benches of supervisors. */
import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { freePort } from '../../chaos/servers/free-port.mjs'

const EKIBEN = fileURLToPath(new URL('../../packages/core/bin/ekiben.js', import.meta.url))
const ATTEMPTS = 200
const PAUSE_MS = 100

/** Starts what serves an app on the port in `PORT`; `argumentsFor` gives the arguments of Node, of that port. */
export async function serveApp(argumentsFor, runtimeDir) {
  const port = await freePort()
  const env = { ...process.env, PORT: String(port), NODE_ENV: 'production', EKIBEN_RUNTIME_DIR: runtimeDir }
  const child = spawn(process.execPath, argumentsFor(String(port)), { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const exited = new Promise((resolve) => child.once('exit', resolve))
  const end = async () => {
    child.kill('SIGTERM')
    await exited
  }
  return { port, end }
}

/** Those of `ekiben run`. */
export function runArguments(main, { workers, appArguments = [] }) {
  const flags = ['--api-workers', workers, '--log-level', 'warn', '--host', '127.0.0.1']
  return (port) => [EKIBEN, 'run', main, ...flags, '--port', port, '--', ...appArguments]
}

/** The first answer to a GET; throws where there is none in time. */
export async function firstAnswer(name, port, path) {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const answer = await fetch(`http://127.0.0.1:${port}${path}`).catch(() => undefined)
    if (answer !== undefined) return answer
    await sleep(PAUSE_MS)
  }
  throw new Error(`${name} does not answer`)
}
