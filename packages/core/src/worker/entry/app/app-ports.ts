import { createError } from '../../../errors/service-error.js'
import { APP_PORTS_VARIABLE } from '../../../ipc/worker-variables.js'

/** An app may open a port of its own before the one for its clients: so long nothing is made of it. */
const PUBLIC_WITHIN_MS = 10_000

/** For which of the ports that it opens an app gets the public socket. */
export class AppPorts {
  /** undefined: the first that it asks for. */
  #expected: readonly number[] | undefined
  readonly #others: number[] = []
  #isFound = false
  #timer: NodeJS.Timeout | undefined
  #freeTimer: NodeJS.Timeout | undefined

  constructor() {
    const said = process.env[APP_PORTS_VARIABLE] ?? ''
    // The app does not see that it was told.
    delete process.env[APP_PORTS_VARIABLE]
    this.#expected = said === '' ? undefined : said.split(',').map(Number)
  }

  /** The port that the app is told; undefined: none, it says itself. */
  get told(): number | undefined {
    return this.#expected?.[0]
  }

  isPublic(port: number): boolean {
    this.#expected ??= [port]
    const isPublic = this.#expected.includes(port)
    if (isPublic) {
      this.#isFound = true
      clearTimeout(this.#timer)
      clearTimeout(this.#freeTimer)
    }
    return isPublic
  }

  /** The app opened another. Where none follows for its clients, `onNone` is told why nothing can be served. */
  noteOther(port: number, onNone: (error: Error) => void): void {
    this.#others.push(port)
    clearTimeout(this.#timer)
    if (this.#isFound) return
    this.#timer = setTimeout(() => {
      const expected = this.#expected ?? []
      onNone(createError('EKB_ERR_APP_PORT', { expected, ports: this.#others }))
    }, PUBLIC_WITHIN_MS).unref()
  }

  /** The app listens on a free port that it was given by the system. `onNone` is told where none for its clients follows. */
  noteFree(onNone: () => void): void {
    clearTimeout(this.#freeTimer)
    if (!this.#isFound) this.#freeTimer = setTimeout(onNone, PUBLIC_WITHIN_MS).unref()
  }
}
