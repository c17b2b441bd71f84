/** How long a request may take to arrive. */
export interface ReceiveLimits {
  /** Until TLS is agreed on. Default 10 s. */
  readonly handshakeTimeoutMs?: number
  readonly headersTimeoutMs: number
  readonly requestTimeoutMs: number
  /** How often Node looks. */
  readonly checkIntervalMs: number
}

export const DEFAULT_RECEIVE: ReceiveLimits = {
  headersTimeoutMs: 60_000,
  requestTimeoutMs: 300_000,
  checkIntervalMs: 5_000,
}
