import { LogDestination } from './log-destination.js'

let stderr: LogDestination | undefined

/**
 * Writes to our stderr what a worker wrote to its own. Never waits: `process.stderr` would, for a reader that has
 * stalled, and a supervisor that waits supervises nothing.
 */
export function passOnStderr(chunk: Uint8Array): void {
  stderr ??= openStderr()
  stderr.write(chunk)
}

/** Before the process ends by itself: waits until it is written, but not for a reader that has stalled. */
export async function flushStderr(timeoutMs: number): Promise<void> {
  await stderr?.flush(timeoutMs)
}

function openStderr(): LogDestination {
  const opened = new LogDestination(2)
  opened.onDropped = (_count, bytes) => {
    const why = 'nobody read them in time, or the disk was full'
    opened.write(`ekiben: ${bytes} bytes that workers wrote to stderr were dropped: ${why}\n`)
  }
  process.on('exit', () => opened.flushAtExit())
  return opened
}
