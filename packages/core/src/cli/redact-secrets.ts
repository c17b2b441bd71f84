/** Names of variables that hold what nobody should read in a terminal or a ticket. */
const SECRET_NAME =
  /(^|[_-])(key|keys|token|tokens|pass|passwd|password|passphrase|pwd|secret|secrets|credential|credentials|auth|dsn|private|signature|salt|cookie|session)($|[_-])|(apikey|token|password|passwd|secret|credentials?)$/i
/** The password in `scheme://user:password@host`. */
const URL_PASSWORD = /(\b[a-z][a-z\d+.-]*:\/\/[^\s/:@]*:)[^\s/@]+@/gi

/** What stands in the place of a secret. */
export const REDACTED = '[redacted]'

/** A copy of plain data in which secrets are hidden: variables by their name, passwords in URLs anywhere. */
export function redactSecrets<T>(data: T): T {
  return redact(data, false) as T
}

function redact(value: unknown, inEnvironment: boolean): unknown {
  if (typeof value === 'string') return value.replace(URL_PASSWORD, `$1${REDACTED}@`)
  if (Array.isArray(value)) return value.map((item) => redact(item, inEnvironment))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      if (inEnvironment && SECRET_NAME.test(key)) return [key, hideLeaf(inner)]
      return [key, redact(inner, inEnvironment || key === 'env')]
    }),
  )
}

/** `--explain` has `{ value, source }` where the plan has the value. */
function hideLeaf(inner: unknown): unknown {
  if (typeof inner === 'object' && inner !== null && 'value' in inner) return { ...inner, value: REDACTED }
  return REDACTED
}
