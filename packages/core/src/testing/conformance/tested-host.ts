import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'

/** In what a host may differ from the built-in one. */
export interface HostTraits {
  /** Errors get the host's own bodies, with the same status. Default false: the bodies of `ekiben serve`. */
  readonly ownErrors?: boolean
  /** A body that is no JSON is refused by the host's own parser. Default false. */
  readonly ownParsers?: boolean
  /** The host's own 404 answers what is no route, another method too. Default false. */
  readonly ownNotFound?: boolean
  /** Every answer says who made it (`x-powered-by`). Default false. */
  readonly poweredBy?: boolean
  /** The routes beside the apis are not there. Default false: the host serves `/livez`, `/readyz`, `/healthz`, `/schema.json`. */
  readonly noSystemRoutes?: boolean
}

export interface ErrorBody {
  readonly error: string
  readonly code: string
  readonly statusCode: number
  readonly detail?: unknown
  readonly requestId: string
}

/** Long: on a busy machine any process may stand still for a while. */
export const FOUND_WITHIN_MS = 30_000
export const LOOK_AGAIN_MS = 20

/** A host as the cases of the suite see it. */
export class TestedHost {
  readonly url: string
  readonly traits: HostTraits

  constructor(url: string, traits: HostTraits) {
    this.url = url
    this.traits = traits
  }

  post(path: string, body: unknown = {}, { headers, ...init }: RequestInit = {}): Promise<Response> {
    return fetch(this.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(headers as Record<string, string>) },
      body: JSON.stringify(body),
      ...init,
    })
  }

  /** Checks the body of an error, where it is ours; undefined: it is the host's. */
  async refusal(response: Response, code: string): Promise<ErrorBody | undefined> {
    const requestId = response.headers.get('x-request-id')
    assert.match(requestId ?? '', /^[\w.:-]{1,128}$/, 'the request id of a refusal')
    const text = await response.text()
    if (this.traits.ownErrors === true) return undefined
    const body = JSON.parse(text) as ErrorBody
    assert.equal(body.statusCode, response.status)
    assert.equal(body.requestId, requestId)
    assert.equal(body.code, code)
    return body
  }

  /** What has happened in the service, and in the one below. */
  async events(): Promise<string[]> {
    return (await (await this.post('/happened')).json()) as string[]
  }

  /** Waits until this has happened in the service below. */
  async happened(what: string): Promise<void> {
    const giveUpAt = performance.now() + FOUND_WITHIN_MS
    for (;;) {
      const seen = await this.events()
      if (seen.includes(what)) return
      assert.ok(performance.now() < giveUpAt, `'${what}' never happened; what did: ${seen.join(', ')}`)
      await sleep(LOOK_AGAIN_MS)
    }
  }
}

/** One thing that every host does. */
export interface ConformanceCase {
  readonly name: string
  run(host: TestedHost): Promise<void>
}
