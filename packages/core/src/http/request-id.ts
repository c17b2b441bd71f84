import { randomBytes } from 'node:crypto'

const ACCEPTABLE = /^[\w.:-]{1,128}$/

/** Makes ids that no other process makes: a prefix of this process's own and a count. */
export function createRequestIds(prefix: string = randomBytes(9).toString('base64url')): () => string {
  const start = `${prefix}.`
  let count = 0
  return () => start + (++count).toString(36)
}

/** The client's own id if it may be used: it goes into answers, logs and inner calls. */
export function acceptRequestId(header: string | string[] | undefined): string | undefined {
  return typeof header === 'string' && ACCEPTABLE.test(header) ? header : undefined
}
