import type { CallLimit } from './call-limit.js'
import { clientError } from './client-error.js'
import { LineSplitter } from './line-splitter.js'
import { networkReason } from './network-reason.js'
import { EventParser } from './parse-events.js'
import { refusalIn, resemblesRefusal } from './parse-refusal.js'
import { streamError } from './read-refusal.js'

export interface OpenStream {
  readonly what: string
  readonly response: Response
  readonly limit: CallLimit
}

/** The pieces of a body as they come. Whoever stops reading closes the connection. */
export async function* readBytes({ what, response, limit }: OpenStream): AsyncGenerator<Uint8Array, void> {
  const reader = response.body?.getReader()
  let isWhole = reader === undefined
  try {
    while (!isWhole && reader !== undefined) {
      const { done, value } = await reader.read()
      if (done) isWhole = true
      else if (value.byteLength > 0) yield value as Uint8Array
    }
  } catch (cause) {
    throw cutError(what, limit, cause)
  } finally {
    if (isWhole) limit.release()
    else limit.cancel()
  }
}

/** The same as text; a character that was cut in two comes with the second piece. */
export async function* readText(stream: OpenStream): AsyncGenerator<string, void> {
  const decoder = new TextDecoder()
  for await (const piece of readBytes(stream)) {
    const text = decoder.decode(piece, { stream: true })
    if (text !== '') yield text
  }
  const rest = decoder.decode()
  if (rest !== '') yield rest
}

/** The items of NDJSON; a last one that says why the api failed is thrown. */
export async function* readItems(stream: OpenStream): AsyncGenerator<unknown, void> {
  let held: { readonly item: unknown } | undefined
  for await (const line of readLines(stream)) {
    if (held !== undefined) yield held.item
    const item = parseItem(line, stream.what)
    held = resemblesRefusal(item) ? { item } : undefined
    if (held === undefined) yield item
  }
  if (held !== undefined) throw streamError(refusalIn(held.item), stream.what)
}

/** The data of Server-Sent Events, parsed where it is JSON; an event `error` is thrown. */
export async function* readEvents(stream: OpenStream): AsyncGenerator<unknown, void> {
  const parser = new EventParser()
  for await (const line of readLines(stream, true)) {
    const event = parser.push(line)
    if (event === undefined) continue
    const data = parseData(event.data)
    if (event.event === 'error') throw streamError(refusalIn(data), stream.what)
    yield data
  }
}

/** What an error of reading means. */
export function cutError(what: string, limit: CallLimit, cause: unknown): unknown {
  if (limit.signal.aborted) return limit.signal.reason
  return clientError('EKB_ERR_CLIENT_CUT', { what, reason: networkReason(cause) }, { cause })
}

async function* readLines(stream: OpenStream, withEmpty = false): AsyncGenerator<string, void> {
  const splitter = new LineSplitter()
  for await (const piece of readText(stream)) {
    for (const line of splitter.push(piece)) if (withEmpty || line.trim() !== '') yield line
  }
  const rest = splitter.end()
  if (rest.trim() !== '') yield rest
}

function parseItem(line: string, what: string): unknown {
  try {
    return JSON.parse(line)
  } catch (cause) {
    throw clientError('EKB_ERR_CLIENT_ANSWER', { what, reason: 'a line of its NDJSON is no JSON' }, { cause })
  }
}

function parseData(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}
