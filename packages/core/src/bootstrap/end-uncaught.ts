import { formatError } from '../cli/format-error.js'
import { exitCodeOf } from '../errors/exit-codes.js'
import { isServiceError } from '../errors/service-error.js'
import { packageFile } from '../package-file.js'

/** Where our code lies; where it was bundled into an ES module, which knows no folder, what is in the path of the rest of it. */
const OWN_FOLDER = typeof __dirname === 'undefined' ? '@ekiben/core' : packageFile('')

/** Where nobody catches this error of ours, the process ends as the command would, with its exit code and its hint. */
export function endUncaught(error: unknown): void {
  if (!isServiceError(error)) return
  process.on('uncaughtExceptionMonitor', (thrown: unknown) => {
    // A handler of the user's decides what becomes of it.
    if (thrown !== error || process.listenerCount('uncaughtException') > 0) return
    process.stderr.write(formatError(error, OWN_FOLDER))
    process.exit(exitCodeOf(error))
  })
}
