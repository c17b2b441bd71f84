import type { ApiShape } from '../client/api-shape.js'
import { isClientError } from '../client/client-error.js'
import { fetchSchema } from '../client/fetch-schema.js'
import { createError } from '../errors/service-error.js'
import { nearNames } from '../util/near-names.js'
import type { RemoteAddress } from '../util/parse-remote-url.js'

/** One who waits for it may have less time, and does not wait longer than that. */
const ANSWER_WITHIN_MS = 10_000

/** What a service elsewhere says at `/schema.json` that it offers: asked once, and again until it was told. */
export class RemoteSchema {
  readonly #service: string
  readonly #address: RemoteAddress
  #shapes: Promise<ReadonlyMap<string, ApiShape>> | undefined

  constructor(service: string, address: RemoteAddress) {
    this.#service = service
    this.#address = address
  }

  /** Rejects with EKB_ERR_SERVICE_NOT_AN_API for what it does not offer. */
  readonly shapeOf = async (api: string): Promise<ApiShape> => {
    this.#shapes ??= this.#fetch()
    const shapes = await this.#shapes
    const shape = shapes.get(api)
    if (shape !== undefined) return shape
    const apis = [...shapes.keys()]
    const params = { service: this.#service, method: api, apis, near: nearNames(api, apis) }
    throw createError('EKB_ERR_SERVICE_NOT_AN_API', params)
  }

  async #fetch(): Promise<ReadonlyMap<string, ApiShape>> {
    const { base, authorization } = this.#address
    const headers = authorization === undefined ? {} : { authorization }
    try {
      return await fetchSchema(base, { headers, timeoutMs: ANSWER_WITHIN_MS })
    } catch (error) {
      this.#shapes = undefined
      throw isClientError(error, 'EKB_ERR_CLIENT_TIMEOUT') ? unreachable(this.#service, base, error) : error
    }
  }
}

/** Its caller may have had more time than that. */
function unreachable(service: string, url: string, cause: Error): Error {
  const reason = `/schema.json was not answered within ${ANSWER_WITHIN_MS} ms`
  return createError('EKB_ERR_DEPENDENCY_DOWN', { service, url, reason }, { cause })
}
