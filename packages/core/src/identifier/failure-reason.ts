/** Where the text of a module is broken, as Node prints it above a SyntaxError. */
export interface SourceLocation {
  readonly file: string
  readonly line: number
  /** The line, and a caret below the place. */
  readonly excerpt: string
  /** The character at the caret. */
  readonly character: string
}

const MAX_REASON_LINES = 4
const MAX_EXCERPT_LINES = 8

/** Reads `file:line`, the line and its caret, where a stack begins with them. */
export function parseLocation(stack: unknown): SourceLocation | undefined {
  const [head = '', ...lines] = String(stack).split(/\r?\n/)
  const match = /^(?:file:\/\/)?(\S.*):(\d+)$/.exec(head)
  // Node's own stripping shows the lines before as well.
  const caretAt = lines.slice(0, MAX_EXCERPT_LINES).findIndex((line) => /^\s*\^+\s*$/.test(line))
  if (match === null || caretAt < 1) return undefined
  const source = lines[caretAt - 1] as string
  const caret = lines[caretAt] as string
  return {
    file: match[1] as string,
    line: Number(match[2]),
    excerpt: `${source}\n${caret}`,
    character: source.charAt(caret.indexOf('^')),
  }
}

/** Why an import failed, in a line or few; the stack stays with the cause. */
export function failureReason(thrown: unknown, location: SourceLocation | undefined): string {
  const text = describeThrown(thrown).split('\n').slice(0, MAX_REASON_LINES).join('\n')
  return location === undefined ? text : `${text} (${location.file}:${location.line})`
}

function describeThrown(thrown: unknown): string {
  if (!isErrorLike(thrown)) return `it threw ${typeof thrown === 'string' ? `'${thrown}'` : String(thrown)}`
  const { name, message } = thrown
  if (message === '') return name
  return name === 'Error' || name === 'ServiceError' ? message : `${name}: ${message}`
}

/** By shape: errors of another realm (a vm context, Jest) are no instances of our Error. */
export function isErrorLike(value: unknown): value is Error & { code?: unknown; url?: unknown } {
  return typeof value === 'object' && value !== null && typeof (value as Error).message === 'string'
}

const TYPESCRIPT_EXTENSION = /\.(?:[cm]?ts|tsx)$/
const UNSTRIPPABLE = new Set(['ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX', 'ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING'])

/** What Node's own type stripping lacks for a module that failed under it; undefined: the fault is the module's. */
export function strippingGap(
  thrown: unknown,
  location: SourceLocation | undefined,
  fileExists: (url: string) => boolean,
): string | undefined {
  if (!isErrorLike(thrown)) return undefined
  const { code, message, url } = thrown
  if (typeof code === 'string' && UNSTRIPPABLE.has(code)) return failureReason(thrown, location)
  if (code === 'ERR_UNKNOWN_FILE_EXTENSION') {
    const extension = /"(\.\w+)"/.exec(message)?.[1] ?? ''
    return TYPESCRIPT_EXTENSION.test(extension) ? `it does not run ${extension} files` : undefined
  }
  if (thrown.name === 'SyntaxError' && code === undefined && location?.character === '@') {
    return `it leaves decorators as they are (${location.file}:${location.line})`
  }
  // TypeScript's way to write an import names the file that will be: './x.js', or './x'.
  if (code === 'ERR_MODULE_NOT_FOUND' && typeof url === 'string') {
    const written = [url.replace(/\.([cm]?)js$/, '.$1ts'), `${url}.ts`].find(
      (other) => other !== url && fileExists(other),
    )
    return written === undefined ? undefined : `${message}, and only ${written.replace(/^.*\//, '')} is there`
  }
  return undefined
}
