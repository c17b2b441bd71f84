import type { Duplex } from 'node:stream'
import { type Diagnosis, LineReader, type WatchAnswer, type WatchRequest } from '../ipc/watch-line.js'
import { hearFirst } from '../util/hear-first.js'

/** A main thread that can be interrupted at all answers in a few milliseconds. */
const ANSWER_TIMEOUT_MS = 500

let lastId = 0

/** Asks a worker's watch thread what goes on; a string says why it cannot be known. */
export function askDiagnosis(line: Duplex | undefined): Promise<Diagnosis | string> {
  if (line === undefined || line.destroyed) return Promise.resolve('it has ended')
  const id = ++lastId
  const reader = new LineReader()
  return new Promise((resolve) => {
    const settle = (outcome: Diagnosis | string): void => {
      callOff()
      line.off('data', onData)
      line.off('close', onClose)
      line.pause()
      resolve(outcome)
    }
    const onData = (piece: string): void => {
      for (const text of reader.push(piece)) {
        const answer = parseAnswer(text)
        if (answer?.id === id) settle('diagnosis' in answer ? answer.diagnosis : answer.error)
      }
    }
    const onClose = (): void => settle('it has ended')
    const late = `it did not answer within ${ANSWER_TIMEOUT_MS} ms`
    const callOff = hearFirst(ANSWER_TIMEOUT_MS, () => settle(late))
    line.on('data', onData).resume()
    line.once('close', onClose)
    const request: WatchRequest = { id }
    line.write(`${JSON.stringify(request)}\n`)
  })
}

/** A late answer to an earlier question may be cut where we began to read. */
function parseAnswer(text: string): WatchAnswer | undefined {
  try {
    return JSON.parse(text) as WatchAnswer
  } catch {
    return undefined
  }
}
