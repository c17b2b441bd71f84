import { flushLogs } from '../observe/create-logger.js'
import { drainPrinted } from './print.js'

const FLUSH_WITHIN_MS = 1000

/** Ends the process when what it has written is out: `process.exit` alone would cut it off. */
export async function endProcess(exitCode: number): Promise<never> {
  await Promise.all([flushLogs(FLUSH_WITHIN_MS), drainPrinted(FLUSH_WITHIN_MS)])
  process.exit(exitCode)
}
