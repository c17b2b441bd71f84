/**
 * Runs in a thread of its own beside the main one. When the supervisor asks, it has the main thread evaluate
 * `diagnose` (diagnosis.ts), which V8 does between two instructions of whatever runs there: no port is opened, no
 * debugger is switched on, and a session of the user's own is left alone.
 */
import { type Runtime, Session } from 'node:inspector'
import { Socket } from 'node:net'
import { type Diagnosis, LineReader, WATCH_LINE_FD, type WatchAnswer, type WatchRequest } from '../../ipc/watch-line.js'

const EXPRESSION = "globalThis[Symbol.for('ekiben.v1')].slots.get('diagnose')()"
/** The main thread leaves within 5 s when its supervisor is gone, if it can. */
const ORPHAN_LIMIT_MS = 10_000

const line = new Socket({ fd: WATCH_LINE_FD, readable: true, writable: true })
const reader = new LineReader()
line.setEncoding('utf8')
line.on('data', (piece: string) => {
  for (const text of reader.push(piece)) answer(JSON.parse(text) as WatchRequest)
})
line.on('error', () => {})
line.once('close', () => setTimeout(endOrphan, ORPHAN_LIMIT_MS))

function answer({ id }: WatchRequest): void {
  const session = new Session()
  session.connectToMainThread()
  const params = { expression: EXPRESSION, returnByValue: true, silent: true }
  session.post('Runtime.evaluate', params, (failure: Error | null, outcome: Runtime.EvaluateReturnType | undefined) => {
    session.disconnect()
    const reply = (body: { diagnosis: Diagnosis } | { error: string }): void => {
      const message: WatchAnswer = { id, ...body }
      line.write(`${JSON.stringify(message)}\n`)
    }
    const value: unknown = outcome?.result?.value
    if (typeof value === 'string') reply({ diagnosis: JSON.parse(value) as Diagnosis })
    else reply({ error: failure?.message ?? outcome?.exceptionDetails?.exception?.description ?? 'no value' })
  })
}

/** With a blocked loop it would never notice that its supervisor is gone, and hold the public socket for ever. */
function endOrphan(): void {
  process.kill(-process.pid, 'SIGKILL')
}
