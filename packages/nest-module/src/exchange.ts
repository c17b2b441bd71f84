import type { Mount, MountAnswer, MountRequest, MountRoute } from '@ekiben/core/adapter'

/** What reading a request has come to: its input, or an answer that needs none. */
export type Opened = { readonly input: unknown } | { readonly answer: MountAnswer }

/**
 * One request whose body Nest has not read, answered in two steps: its input is read here, Nest's pipes make of it what
 * they will, and the service gets that.
 */
export class Exchange {
  /** Rejects where the body is refused. */
  readonly opened: Promise<Opened>
  readonly #answer: Promise<MountAnswer>
  #resume: (input: unknown) => void = () => {}

  constructor(mount: Mount, route: MountRoute, request: MountRequest) {
    let onRead: (opened: Opened) => void = () => {}
    const read = new Promise<Opened>((resolve) => {
      onRead = resolve
    })
    // Where a pipe throws it never resolves: the end of the response ends the call.
    const piped = new Promise((resolve) => {
      this.#resume = resolve
    })
    const transform = (input: unknown): unknown => {
      onRead({ input })
      return piped
    }
    this.#answer = mount.answer(route, { ...request, transform })
    this.opened = Promise.race([read, this.#answer.then((answer) => ({ answer }))])
  }

  /** Runs the api on what the pipes left. */
  finish(input: unknown): Promise<MountAnswer> {
    this.#resume(input)
    return this.#answer
  }
}
