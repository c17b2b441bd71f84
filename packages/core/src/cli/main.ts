import { exitCodeOf } from '../errors/exit-codes.js'
import { isServiceError } from '../errors/service-error.js'
import { surviveClosedOutput } from '../observe/survive-closed-output.js'
import { packageFile } from '../package-file.js'
import { endProcess } from './end-process.js'
import { formatError } from './format-error.js'
import { printError } from './print.js'

/** The command `ekiben`: runs it and ends the process with its exit code. */
export async function main(argv: readonly string[]): Promise<never> {
  surviveClosedOutput()
  return endProcess(await run(argv))
}

async function run(argv: readonly string[]): Promise<number> {
  try {
    const { runCommand } = await import('./run-command.js')
    return await runCommand(argv)
  } catch (error) {
    const exitCode = exitCodeOf(error)
    // A signal that came before all was ready is a stop like any other, and no error.
    printError(exitCode === 0 && isServiceError(error) ? `${error.message}\n` : formatError(error, packageFile('')))
    return exitCode
  }
}
