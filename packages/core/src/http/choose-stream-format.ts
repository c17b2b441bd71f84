/** `events`: Server-Sent Events. `lines`: JSON, one item a line (NDJSON). `raw`: text or bytes as they are. */
export type StreamFormat = 'events' | 'lines' | 'raw'

export const EVENTS_TYPE = 'text/event-stream'
export const LINES_TYPE = 'application/x-ndjson'

export interface StreamFacts {
  /** The client's header. */
  readonly accept: string | undefined
  /** The api's own. */
  readonly mediaType: string | undefined
  /** The first item; undefined: there is none. */
  readonly first: { readonly value: unknown } | undefined
}

/**
 * How the items of a stream are sent. Bytes fit into no text. Else the api's media type decides where it is one of the
 * two, then what the client names literally (a wildcard names nothing), then what the items are.
 */
export function chooseStreamFormat({ accept, mediaType, first }: StreamFacts): StreamFormat {
  if (first?.value instanceof Uint8Array) return 'raw'
  for (const named of [namesIn(mediaType), namesIn(accept)]) {
    if (named.includes(EVENTS_TYPE)) return 'events'
    if (named.includes(LINES_TYPE)) return 'lines'
  }
  return first === undefined || typeof first.value === 'string' ? 'raw' : 'lines'
}

function namesIn(header: string | undefined): readonly string[] {
  if (header === undefined) return []
  return header.split(',').flatMap((range) => {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    return parameters.some((parameter) => /^q\s*=\s*0(?:\.0*)?$/.test(parameter)) ? [] : [name]
  })
}
