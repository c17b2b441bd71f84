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

type Answering = Pick<Mount, 'answer'>

/** What parsers of hosts take for JSON, and no more: what is only nearly so is read here. */
const JSON_TYPE = /^application\/json *(?:;|$)/i

/**
 * Reads the body of a request, for a host that does something between that and the call; or gives the answer, where none
 * is needed. At once where a parser of the host's has read JSON: that is the input as it is.
 */
export function openRequest(
  mount: Answering,
  route: MountRoute,
  request: MountRequest,
): OpenRequest | Promise<OpenRequest | AnsweredRequest> {
  return isParsed(request) ? new ParsedRequest(mount, route, request) : read(mount, route, request)
}

function isParsed({ body, headers: { 'content-type': type = '' } }: MountRequest): boolean {
  if (typeof body !== 'object' || body === null || body instanceof Uint8Array) return false
  return type === 'application/json' || JSON_TYPE.test(type)
}

/**
 * A class, and its input not copied: of objects with a closure, made for each request, V8 came to keep a quarter past each
 * scavenge, until the next full collection.
 */
class ParsedRequest implements OpenRequest {
  readonly #mount: Answering
  readonly #route: MountRoute
  readonly #request: MountRequest

  constructor(mount: Answering, route: MountRoute, request: MountRequest) {
    this.#mount = mount
    this.#route = route
    this.#request = request
  }

  get input(): unknown {
    return this.#request.body
  }

  finish(input: unknown): Promise<MountAnswer> {
    const request = input === this.input ? this.#request : withTransform(this.#request, () => input)
    return this.#mount.answer(this.#route, request)
  }
}

function read(mount: Answering, route: MountRoute, request: MountRequest): Promise<OpenRequest | AnsweredRequest> {
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
  const answer = mount.answer(route, withTransform(request, transform))
  return Promise.race([opened, answer.then((early) => ({ answer: early }))])
}

function withTransform(request: MountRequest, transform: NonNullable<MountRequest['transform']>): MountRequest {
  return Object.assign(Object.create(request), { transform })
}
