import assert from 'node:assert/strict'
import type { ConformanceCase, HostTraits } from './tested-host.js'

interface Refused {
  readonly what: string
  readonly path: string
  readonly init?: RequestInit
  readonly status: number
  readonly code: string
  /** The host itself may answer this, in its own words. */
  readonly byHost?: keyof HostTraits
}

const PICKLE = 'application/vnd.bentoml+pickle'
const LARGE = JSON.stringify({ text: 'a'.repeat(2_000) })

const REFUSED: readonly Refused[] = [
  {
    what: 'a body that is no JSON',
    path: '/count',
    init: { body: '{"text":' },
    status: 400,
    code: 'EKB_ERR_BODY_INVALID',
    byHost: 'ownParsers',
  },
  {
    what: 'a body of another type',
    path: '/count',
    init: { headers: { 'content-type': PICKLE } },
    status: 415,
    code: 'EKB_ERR_MEDIA_TYPE',
  },
  {
    what: 'a body that is too large',
    path: '/echo',
    init: { body: LARGE },
    status: 413,
    code: 'EKB_ERR_BODY_TOO_LARGE',
  },
  {
    what: 'a path that is not there',
    path: '/nothing',
    status: 404,
    code: 'EKB_ERR_ROUTE_NOT_FOUND',
    byHost: 'ownNotFound',
  },
  { what: 'an api that refuses', path: '/refuses', status: 409, code: 'ORDER_TAKEN' },
  { what: 'an api that throws', path: '/throws', status: 500, code: 'EKB_ERR_INTERNAL' },
  { what: 'an answer with a cycle', path: '/cyclic', status: 500, code: 'EKB_ERR_NOT_SERIALISABLE' },
  { what: 'an answer that JSON has no word for', path: '/big', status: 500, code: 'EKB_ERR_NOT_SERIALISABLE' },
  { what: 'an answer that its schema refuses', path: '/lies', status: 500, code: 'EKB_ERR_OUTPUT_INVALID' },
  { what: 'what a dependency refuses', path: '/below', status: 502, code: 'EKB_ERR_DEPENDENCY_FAILED' },
  { what: "a dependency's refusal passed on", path: '/belowAsOwn', status: 404, code: 'TEXT_UNKNOWN' },
  {
    what: 'a bad call of our own to a dependency',
    path: '/belowBad',
    status: 502,
    code: 'EKB_ERR_DEPENDENCY_FAILED',
  },
  {
    what: 'what cannot be sent to a dependency',
    path: '/belowUnsendable',
    status: 500,
    code: 'EKB_ERR_NOT_SERIALISABLE',
  },
]

export const REFUSAL_CASES: readonly ConformanceCase[] = [
  ...REFUSED.map(
    ({ what, path, init = {}, status, code, byHost }): ConformanceCase => ({
      name: `answers ${what} with ${status} ${code}`,
      run: async (host) => {
        const response = await host.post(path, {}, init)
        assert.equal(response.status, status)
        if (byHost !== undefined && host.traits[byHost] === true) await response.body?.cancel()
        else await host.refusal(response, code)
      },
    }),
  ),
  {
    name: 'refuses another method, and says which it takes',
    run: async (host) => {
      const response = await host.post('/count', {}, { method: 'PUT' })
      if (host.traits.ownNotFound === true) {
        assert.ok(response.status === 404 || response.status === 405)
        return
      }
      assert.equal(response.status, 405)
      assert.equal(response.headers.get('allow'), 'POST')
      await host.refusal(response, 'EKB_ERR_METHOD_NOT_ALLOWED')
    },
  },
  {
    name: 'says what is wrong with an input, issue by issue',
    run: async (host) => {
      const response = await host.post('/count', { text: 5, times: 'x' })
      assert.equal(response.status, 400)
      const body = await host.refusal(response, 'EKB_ERR_VALIDATION')
      if (body === undefined) return
      assert.equal((body.detail as unknown[]).length, 2)
      assert.match(JSON.stringify(body.detail), /text.*times/)
    },
  },
  {
    name: 'keeps the reason of a failure to itself',
    run: async (host) => {
      for (const path of ['/throws', '/below', '/cyclic', '/lies']) {
        const text = await (await host.post(path)).text()
        assert.doesNotMatch(text, /secret|ConformanceWords/, path)
        if (host.traits.ownErrors !== true) assert.doesNotMatch(text, /stack|\.[cm]?js/, path)
      }
    },
  },
]
