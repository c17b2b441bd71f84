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
  /** Its id, where it has one: a property of its own. */
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

/** Asks the request for no more than is needed: one of Express's, whose prototype is set anew each time, is slow to tell. */
class HostRequest implements MountRequest {
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
  readonly outgoing: MountRequest['outgoing']
  readonly log: MountRequest['log']
  readonly transform: MountRequest['transform']
  readonly asValue: boolean | undefined
  readonly from: FrameworkRequest

  constructor(from: FrameworkRequest, { outgoing, log, transform, asValue, isUnread = false }: RequestContext) {
    const { body } = from
    this.headers = from.headers
    this.body = isUnread || body instanceof Readable ? undefined : body
    this.outgoing = outgoing
    this.log = log
    this.transform = transform
    this.asValue = asValue
    this.from = from
  }

  get stream(): Readable {
    const { body, raw = this.from as unknown as Readable } = this.from
    return body instanceof Readable ? body : raw
  }

  get requestId(): string | undefined {
    if (!Object.hasOwn(this.from, 'id')) return undefined
    const { id } = this.from
    return typeof id === 'string' ? id : undefined
  }

  get remoteAddress(): string | undefined {
    return this.from.ip ?? this.from.socket?.remoteAddress
  }
}
