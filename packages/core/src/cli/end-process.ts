import { flushLogs } from '../observe/create-logger.js'

const FLUSH_WITHIN_MS = 1000

/** Ends the process when what it has written is out: `process.exit` alone would cut it off. */
export async function endProcess(exitCode: number): Promise<never> {
  await flushLogs(FLUSH_WITHIN_MS)
  await Promise.all([drained(process.stdout), drained(process.stderr)])
  process.exit(exitCode)
}

/** A reader that has stalled or gone is not waited for. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, FLUSH_WITHIN_MS)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    stream.once('error', done)
    stream.write('', done)
  })
}
