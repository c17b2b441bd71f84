import type { Mount, MountAnswer, MountRequest, MountRoute } from './mount-types.js'

/** A request whose body has been read, and whose api has not run. */
export interface OpenRequest {
  readonly input: unknown
  /** Runs the api on what the host made of the input. Without it, the end of the response ends the call. */
  finish(input: unknown): Promise<MountAnswer>
}

/** Reads the body of a request, for a host that does something between that and the call; or gives the answer, where none is needed. */
export function openRequest(
  mount: Pick<Mount, 'answer'>,
  route: MountRoute,
  request: MountRequest,
): Promise<OpenRequest | { readonly answer: MountAnswer }> {
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
