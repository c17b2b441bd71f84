/** One event of a stream of Server-Sent Events. */
export interface ServerEvent {
  readonly event: string
  readonly data: string
  readonly id: string | undefined
}

/** Puts events together line by line; one that the stream breaks off in is none. */
export class EventParser {
  #event = ''
  #data: string[] = []
  #id: string | undefined

  /** The event that this line completes. */
  push(line: string): ServerEvent | undefined {
    if (line === '') return this.#dispatch()
    // A line that begins with a colon has no name: a comment, sent to keep the connection open.
    const colon = line.indexOf(':')
    const name = colon === -1 ? line : line.slice(0, colon)
    const value = colon === -1 ? '' : line.slice(line[colon + 1] === ' ' ? colon + 2 : colon + 1)
    if (name === 'data') this.#data.push(value)
    else if (name === 'event') this.#event = value
    else if (name === 'id' && !value.includes('\0')) this.#id = value
    return undefined
  }

  #dispatch(): ServerEvent | undefined {
    const found = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.#id }
    const isEmpty = this.#data.length === 0
    this.#event = ''
    this.#data = []
    return isEmpty ? undefined : found
  }
}
