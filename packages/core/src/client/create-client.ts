import { ANSWER_KINDS, plainShape } from './api-shape.js'
import { baseUrl, optionError } from './call-target.js'
import { clientMethods } from './client-methods.js'
import type { CreateClientOptions, HttpApiOptions, HttpClient } from './client-types.js'

/**
 * A typed client of a service that is served over HTTP, for Node and browsers. It asks the server for nothing
 * beforehand: a method posts its input to `/<method>`, and the answer's media type says how it is read.
 *
 * A method fails with a `ClientError`: the server's own code and status where it refused, else `EKB_ERR_CLIENT_…`.
 * A generator's method is iterated; to stop iterating closes the connection, which stops the generator.
 *
 * @example
 * const client = createClient<typeof TextClassifier>('http://127.0.0.1:3000', { timeoutMs: 5_000 })
 * const { label } = await client.classify({ text: 'Where is my parcel?' })
 *
 * @throws ClientError `EKB_ERR_CLIENT_OPTION` for an address or option that cannot be.
 */
export function createClient<T>(url: string | URL, options: CreateClientOptions<T> = {}): HttpClient<T> {
  const base = baseUrl(url)
  const apis = new Map(Object.entries((options.apis ?? {}) as Record<string, HttpApiOptions | undefined>))
  for (const [name, api] of apis) checkApi(name, api ?? {})
  const shapeOf = (name: string) => {
    const { route, answer } = apis.get(name) ?? {}
    return { ...plainShape(name), ...(route !== undefined && { route }), ...(answer !== undefined && { answer }) }
  }
  return clientMethods(base, { has: (name) => apis.has(name), shapeOf }, options) as HttpClient<T>
}

function checkApi(name: string, { route, answer }: HttpApiOptions): void {
  if (route !== undefined && !route.startsWith('/')) throw optionError(`apis.${name}.route`, route, 'a path, from /')
  if (answer !== undefined && !ANSWER_KINDS.includes(answer)) {
    throw optionError(`apis.${name}.answer`, answer, `one of ${ANSWER_KINDS.join(', ')}`)
  }
}
