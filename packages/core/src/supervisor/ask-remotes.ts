import type { IncomingMessage, RequestOptions } from 'node:http'
import { networkReason } from '../client/network-reason.js'
import { parseRemoteUrl } from '../util/parse-remote-url.js'
import type { RemoteAnswer, RemoteStates } from './remote-states.js'

/** Who asks how all is waits no longer for one of them. */
const ANSWER_WITHIN_MS = 1_000

/** Asks each how it is, all at once, and takes their answers down. Never rejects. */
export async function askRemotes(urls: readonly string[], states: RemoteStates): Promise<void> {
  await Promise.all(
    urls.map(async (url) => {
      const answer = await askRemote(url)
      states.note(url, answer, Date.now())
    }),
  )
}

/** By `node:http`, not by fetch: loading that would cost the supervisor more memory than all it has. */
async function askRemote(url: string): Promise<RemoteAnswer> {
  const { base = '' } = parseRemoteUrl(url) ?? {}
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS)
  try {
    const { request } = base.startsWith('https:') ? await import('node:https') : await import('node:http')
    const options: RequestOptions = { agent: false, signal }
    const status = await new Promise<number>((resolve, reject) => {
      const onAnswer = (answer: IncomingMessage): void => {
        answer.destroy()
        resolve(answer.statusCode ?? 0)
      }
      request(`${base}/readyz`, options, onAnswer).once('error', reject).end()
    })
    return toAnswer(status)
  } catch (error) {
    const reason = signal.aborted ? `no answer within ${ANSWER_WITHIN_MS} ms` : networkReason(error)
    return { state: 'unreachable', reason }
  }
}

/** What has no such route, or wants to know first who asks, is there all the same. */
function toAnswer(status: number): RemoteAnswer {
  if (status === 200) return { state: 'ready', reason: null }
  const reason = `GET /readyz is answered with ${status}`
  return status >= 500 ? { state: 'not-ready', reason } : { state: 'reachable', reason }
}
