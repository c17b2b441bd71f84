import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../chaos/servers/free-port.mjs'

/** One who works on the code does not ask more often. */
const ASK_EVERY_MS = 5
const WITHIN_MS = 60_000

/** Runs what restarts an app when a file changes; resolves when it answers. `project` holds the file. */
export async function startWatched(args, project) {
  const port = await freePort()
  const env = { ...process.env, PORT: String(port), NODE_ENV: 'development' }
  const child = spawn(process.execPath, args, {
    cwd: project.path,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const output = []
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => output.push(text))
  const exited = once(child, 'exit')
  const stop = async () => {
    try {
      // A watcher and what it runs are a group of their own.
      process.kill(-child.pid, 'SIGTERM')
    } catch {}
    const isGone = await Promise.race([exited.then(() => true), sleep(10_000, false, { ref: false })])
    if (!isGone) process.kill(-child.pid, 'SIGKILL')
    await exited
  }
  const untilAnswered = (text) => answered({ port, text, output, isGone: () => child.exitCode !== null })
  try {
    await untilAnswered('first')
  } catch (error) {
    await stop()
    throw error
  }
  /** Milliseconds from the end of saving until the first answer has the new words, and how often a client was refused until then. */
  const reload = async (text) => {
    await project.save(text)
    const savedAt = performance.now()
    const refused = await untilAnswered(text)
    return { ms: performance.now() - savedAt, refused }
  }
  return { reload, stop }
}

/** Asks until the answer has these words; resolves with how often nobody listened. */
async function answered({ port, text, output, isGone }) {
  const deadline = performance.now() + WITHIN_MS
  let refused = 0
  for (;;) {
    const words = await ask(port)
    if (words === text) return refused
    if (words === undefined) refused++
    if (isGone() || performance.now() > deadline) throw new Error(`no answer '${text}':\n${output.join('')}`)
    await sleep(ASK_EVERY_MS)
  }
}

/** The words of an answer, on a connection of its own; undefined: nobody listened, or it was cut. */
async function ask(port) {
  const headers = { 'content-type': 'application/json' }
  const sent = request({ host: '127.0.0.1', port, path: '/greet', method: 'POST', headers, agent: false })
  try {
    sent.end('{}')
    const [answer] = await once(sent, 'response')
    let body = ''
    for await (const chunk of answer) body += chunk
    return JSON.parse(body).words
  } catch {
    return undefined
  }
}
