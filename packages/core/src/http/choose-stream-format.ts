import type { ValueKind } from '../openapi/schema-parts.js'

/** `events`: Server-Sent Events. `lines`: JSON, one item a line (NDJSON). `raw`: text or bytes as they are. */
export type StreamFormat = 'events' | 'lines' | 'raw'

export const EVENTS_TYPE = 'text/event-stream'
export const LINES_TYPE = 'application/x-ndjson'

export interface StreamFacts {
  /** The client's header. */
  readonly accept: string | undefined
  /** The api's own. */
  readonly mediaType: string | undefined
  /** What the first item is; where there is none, what the items would be. */
  readonly items: ValueKind
}

/**
 * How the items of a stream are sent. Bytes fit into no text. Else the api's media type decides where it is one of the
 * two, then what the client names literally (a wildcard names nothing), then what the items are.
 */
export function chooseStreamFormat({ accept, mediaType, items }: StreamFacts): StreamFormat {
  if (items === 'bytes') return 'raw'
  for (const named of [namesIn(mediaType), namesIn(accept)]) {
    if (named.includes(EVENTS_TYPE)) return 'events'
    if (named.includes(LINES_TYPE)) return 'lines'
  }
  return items === 'text' ? 'raw' : 'lines'
}

function namesIn(header: string | undefined): readonly string[] {
  if (header === undefined) return []
  return header.split(',').flatMap((range) => {
    const [name = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase())
    return parameters.some((parameter) => /^q\s*=\s*0(?:\.0*)?$/.test(parameter)) ? [] : [name]
  })
}
