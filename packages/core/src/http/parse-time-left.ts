/** Says how many milliseconds the client still waits, when it sends the request. */
export const TIME_LEFT_HEADER = 'ekiben-timeout-ms'

/** Node cuts a longer timer to 1 ms. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** The time a call may take: the host's own limit, which a client can only shorten. What is no number counts as not said. */
export function parseTimeLeft(header: string | string[] | undefined, limitMs: number | undefined): number | undefined {
  if (typeof header !== 'string' || !/^\d{1,10}$/.test(header)) return limitMs
  return Math.min(Number(header), limitMs ?? MAX_TIMER_MS, MAX_TIMER_MS)
}
