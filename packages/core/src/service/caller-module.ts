/**
 * File URL or path of the module that called `callee`; undefined when it has none (eval, REPL).
 * Raw call sites name what Node loaded, whatever source maps say: that is what a worker can import.
 */
// biome-ignore lint/complexity/noBannedTypes: captureStackTrace takes any function
export function callerModule(callee: Function): string | undefined {
  const { prepareStackTrace, stackTraceLimit } = Error
  const holder: { stack?: unknown } = {}
  try {
    Error.stackTraceLimit = 1
    Error.prepareStackTrace = (_, sites) => sites[0]?.getFileName()
    Error.captureStackTrace(holder, callee)
    return toModule(holder.stack)
  } finally {
    Error.prepareStackTrace = prepareStackTrace
    Error.stackTraceLimit = stackTraceLimit
  }
}

/** Loaders mark copies of a module with a query; a worker imports the file afresh. */
function toModule(fileName: unknown): string | undefined {
  if (typeof fileName !== 'string') return undefined
  if (fileName.startsWith('file:')) return fileName.replace(/[?#].*$/s, '')
  return /^(?:\/|[A-Za-z]:[\\/])/.test(fileName) ? fileName : undefined
}
