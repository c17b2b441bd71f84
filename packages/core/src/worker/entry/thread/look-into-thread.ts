import { type Runtime, Session } from 'node:inspector'
import type { Diagnosis } from '../../../ipc/watch-line.js'

/** What each worker deposits: see diagnosis.ts. */
const EXPRESSION = "globalThis[Symbol.for('ekiben.v1')].slots.get('diagnose')()"
const QUESTION = JSON.stringify({
  id: 1,
  method: 'Runtime.evaluate',
  params: { expression: EXPRESSION, returnByValue: true, silent: true },
})
/** A thread that can be interrupted at all answers in a few milliseconds. */
const LOOK_TIMEOUT_MS = 500

interface Attached {
  readonly params: { readonly sessionId: string; readonly workerInfo: { readonly title: string } }
}
interface Received {
  readonly params: { readonly sessionId: string; readonly message: string }
}
/** `NodeWorker` of the inspector, which the types of Node do not know in this form. */
interface WorkerSession {
  on(event: 'NodeWorker.attachedToWorker', listener: (event: Attached) => void): void
  on(event: 'NodeWorker.receivedMessageFromWorker', listener: (event: Received) => void): void
  post(method: 'NodeWorker.enable', params: { waitForDebuggerOnStart: false }): void
  post(method: 'NodeWorker.sendMessageToWorker', params: { sessionId: string; message: string }): void
}

/**
 * What goes on in a thread of this process, also while its event loop does not turn: the inspector interrupts it. No
 * port is opened. A string says why it cannot be known.
 */
export async function lookIntoThread(threadId: number): Promise<Diagnosis | string> {
  const session = new Session()
  session.connect()
  let timer: NodeJS.Timeout | undefined
  try {
    return await new Promise((resolve) => {
      timer = setTimeout(() => resolve(`it did not answer within ${LOOK_TIMEOUT_MS} ms`), LOOK_TIMEOUT_MS)
      ask(session as unknown as WorkerSession, threadId, (message) => resolve(toDiagnosis(message)))
    })
  } finally {
    clearTimeout(timer)
    session.disconnect()
  }
}

/** Its `workerId` counts the threads of a session: which one it is stands in its title alone. */
function ask(session: WorkerSession, threadId: number, onAnswer: (message: string) => void): void {
  let wanted: string | undefined
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
    if (!workerInfo.title.startsWith(`[worker ${threadId}]`)) return
    wanted = sessionId
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message: QUESTION })
  })
  session.on('NodeWorker.receivedMessageFromWorker', ({ params: { sessionId, message } }) => {
    if (sessionId === wanted) onAnswer(message)
  })
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
}

function toDiagnosis(message: string): Diagnosis | string {
  const { result, error } = JSON.parse(message) as { result?: Runtime.EvaluateReturnType; error?: { message: string } }
  const value: unknown = result?.result?.value
  if (typeof value === 'string') return JSON.parse(value) as Diagnosis
  return error?.message ?? result?.exceptionDetails?.exception?.description ?? 'no value'
}
