import type { ServerResponse } from 'node:http'

/** What is used of Express's response. */
export type ExpressResponse = ServerResponse & {
  readonly app: { get(setting: string): unknown }
  send(body?: unknown): unknown
  json(value: unknown): unknown
}

const JSON_TYPE = 'application/json; charset=utf-8'
/** Statuses to which no body belongs. */
const BODYLESS: ReadonlySet<number> = new Set([204, 205, 304])
/** Settings that shape how Express sends JSON, as they are in an app that says nothing of them. */
const SETTINGS = Object.entries({
  'json replacer': undefined,
  'json spaces': undefined,
  'json escape': undefined,
  etag: 'weak',
})

/** Before Nest has Express send what an api gave, or what interceptors left of it. */
export function prepareExpress(response: ExpressResponse, { value, type }: { value: unknown; type: string }): void {
  if (typeof value !== 'object' || value === null) typeLate(response, type, value === null)
  else if (isPlain(response)) response.json = sendJson
}

/** Express takes text for HTML, and Nest sends nothing at all for null. */
function typeLate(response: ExpressResponse, type: string, isNull: boolean): void {
  const { send } = response
  response.send = (body) => {
    if (!response.hasHeader('content-type')) response.setHeader('content-type', type)
    return send.call(response, isNull && body === undefined ? 'null' : body)
  }
}

/** Does the app leave it to Express? Its settings, and what it or a middleware has put in Express's place, stay. */
function isPlain(response: ExpressResponse): boolean {
  const ofApp: object = Object.getPrototypeOf(response)
  const isReplaced = ['json', 'send'].some((name) => Object.hasOwn(response, name) || Object.hasOwn(ofApp, name))
  return !isReplaced && SETTINGS.every(([name, usual]) => response.app.get(name) === usual)
}

/** As Express does, but for the hash that would be its ETag: no client asks by one after a POST, and it is dear. */
function sendJson(this: ExpressResponse, value: unknown): unknown {
  if (BODYLESS.has(this.statusCode)) return Object.getPrototypeOf(this).json.call(this, value)
  const body = JSON.stringify(value) ?? ''
  if (!this.hasHeader('content-type')) this.setHeader('content-type', JSON_TYPE)
  this.setHeader('content-length', Buffer.byteLength(body))
  return this.end(body)
}
