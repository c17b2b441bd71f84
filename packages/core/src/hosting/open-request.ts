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
  return isParsed(request) ? openParsed(mount, route, request) : read(mount, route, request)
}

function isParsed({ body, headers: { 'content-type': type = '' } }: MountRequest): boolean {
  if (typeof body !== 'object' || body === null || body instanceof Uint8Array) return false
  return type === 'application/json' || JSON_TYPE.test(type)
}

function openParsed(mount: Answering, route: MountRoute, request: MountRequest): OpenRequest {
  const { body } = request
  const finish = (input: unknown): Promise<MountAnswer> =>
    mount.answer(route, input === body ? request : withTransform(request, () => input))
  return { input: body, finish }
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
