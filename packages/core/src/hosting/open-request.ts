import type { Mount, MountAnswer, MountRequest, MountRoute } from './mount-types.js'

/** A request whose body has been read, and whose api has not run. */
export interface OpenRequest {
  readonly input: unknown
  /** Runs the api on what the host made of the input. Without it, the end of the response ends the call. */
  finish(input: unknown): Promise<MountAnswer>
}

/** One that needs no call: it is answered. */
export interface AnsweredRequest {
  readonly answer: MountAnswer
}

/** What parsers of hosts take for JSON, and no more: what is only nearly so is read by `openRequest`. */
const JSON_TYPE = /^application\/json *(?:;|$)/i

/** Has a parser of the host's read JSON? Then its `body` is the input as it is, and there is nothing to open. */
export function isParsed({ body, headers }: Pick<MountRequest, 'body' | 'headers'>): boolean {
  if (typeof body !== 'object' || body === null || body instanceof Uint8Array) return false
  const { 'content-type': type = '' } = headers
  return type === 'application/json' || JSON_TYPE.test(type)
}

/**
 * Reads the body of a request, for a host that does something between that and the call; or gives the answer, where none
 * is needed.
 */
export function openRequest(
  mount: Pick<Mount, 'answer'>,
  route: MountRoute,
  request: MountRequest,
): Promise<OpenRequest | AnsweredRequest> {
  let onRead: (open: OpenRequest) => void = () => {}
  let resume: (input: unknown) => void = () => {}
  const opened = new Promise<OpenRequest>((resolve) => {
    onRead = resolve
  })
  const resumed = new Promise((resolve) => {
    resume = resolve
  })
  const transform = (input: unknown): unknown => {
    const finish = (made: unknown): Promise<MountAnswer> => {
      resume(made)
      return answer
    }
    onRead({ input, finish })
    return resumed
  }
  const answer = mount.answer(route, Object.assign(Object.create(request), { transform }))
  return Promise.race([opened, answer.then((early) => ({ answer: early }))])
}
