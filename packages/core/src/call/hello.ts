import { createError } from '../errors/service-error.js'
import { CALL_PROTOCOL_VERSION, type Frame } from './frame.js'

/** First frame in each direction. Its body is JSON in every version, so that two versions can say that they differ. */
export interface Hello {
  readonly protocol: number
  readonly service: string
  /** Of the server; a client may leave it out. */
  readonly schemaHash: string | undefined
  /** The server's api table: calls name an api by its index. Empty from a client. */
  readonly apis: readonly string[]
}

export function encodeHello(hello: Omit<Hello, 'protocol'>): Uint8Array {
  return Buffer.from(JSON.stringify({ protocol: CALL_PROTOCOL_VERSION, ...hello }))
}

/** Reads the peer's hello; throws EKB_ERR_CALL_PROTOCOL where it is none, or of another version or service. */
export function decodeHello(frame: Frame, service: string): Hello {
  const hello = parse(frame)
  const { protocol, apis } = hello
  if (protocol !== CALL_PROTOCOL_VERSION) {
    throw broken(`the peer speaks version ${String(protocol)}, this process version ${CALL_PROTOCOL_VERSION}`)
  }
  if (hello.service !== service) throw broken(`'${service}' was expected, the peer is '${String(hello.service)}'`)
  if (!Array.isArray(apis) || !apis.every((api) => typeof api === 'string')) throw broken('the api table is no list')
  return { protocol, service, apis, schemaHash: typeof hello.schemaHash === 'string' ? hello.schemaHash : undefined }
}

function parse(frame: Frame): Record<string, unknown> {
  try {
    const text = new TextDecoder().decode(frame.source.subarray(frame.bodyStart, frame.bodyEnd))
    const hello: unknown = JSON.parse(text)
    if (typeof hello === 'object' && hello !== null) return hello as Record<string, unknown>
  } catch {
    // Reported below, as any other thing that is no hello.
  }
  throw broken('the first frame is no hello')
}

function broken(reason: string): Error {
  return createError('EKB_ERR_CALL_PROTOCOL', { reason })
}
