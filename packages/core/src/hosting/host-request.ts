import type { IncomingHttpHeaders } from 'node:http'
import { Readable } from 'node:stream'
import type { MountRequest } from './mount-types.js'

/** A request as most frameworks have it. */
export interface FrameworkRequest {
  readonly headers: IncomingHttpHeaders
  /** What parsers made of the body; nothing, or the stream that they left. */
  readonly body?: unknown
  /** Node's request below it. Default: it is that itself. */
  readonly raw?: Readable | undefined
  readonly id?: unknown
  readonly ip?: string | undefined
  readonly socket?: { readonly remoteAddress?: string | undefined } | undefined
}

/** What a mount is told beside the request. */
export interface RequestContext extends Pick<MountRequest, 'outgoing' | 'log' | 'transform' | 'asValue'> {
  /** No parser has read the body, whatever stands there. Default: only where it is a stream. */
  readonly isUnread?: boolean
}

/** A framework's request as a mount takes it. */
export function hostRequest(request: FrameworkRequest, context: RequestContext): MountRequest {
  return new HostRequest(request, context)
}

class HostRequest implements MountRequest {
  readonly headers: IncomingHttpHeaders
  readonly stream: Readable
  readonly body: unknown
  readonly requestId: string | undefined
  readonly outgoing: MountRequest['outgoing']
  readonly log: MountRequest['log']
  readonly transform: MountRequest['transform']
  readonly asValue: boolean | undefined
  readonly from: FrameworkRequest

  constructor(from: FrameworkRequest, { outgoing, log, transform, asValue, isUnread = false }: RequestContext) {
    const { body, raw = from as unknown as Readable, id } = from
    const left = body instanceof Readable ? body : undefined
    this.headers = from.headers
    this.stream = left ?? raw
    this.body = isUnread || left !== undefined ? undefined : body
    this.requestId = typeof id === 'string' ? id : undefined
    this.outgoing = outgoing
    this.log = log
    this.transform = transform
    this.asValue = asValue
    this.from = from
  }

  /** Only when somebody asks: Express goes through the headers for it. */
  get remoteAddress(): string | undefined {
    return this.from.ip ?? this.from.socket?.remoteAddress
  }
}
