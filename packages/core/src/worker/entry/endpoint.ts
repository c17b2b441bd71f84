import type { StartMessage } from '../../ipc/protocol.js'

/** Where a worker's calls come in: HTTP on the public socket, or frames on a Unix socket of its own. */
export interface Endpoint {
  /** Starts to accept; resolves with the address that callers or clients use. */
  listen(): Promise<string>
  /** Stops accepting and finishes what is in flight; resolves with what had to be cut at the deadline. */
  drain(options: { readonly timeoutMs: number; readonly keepAliveDrainMs: number }): Promise<readonly string[]>
}

export type Traffic = StartMessage['traffic']
