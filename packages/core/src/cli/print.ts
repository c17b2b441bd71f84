/** Writes the outcome of a command to stdout. */
export function print(text: string): void {
  write(process.stdout, text)
}

/** The same, and waits until it is out; false: its reader has gone. */
export function printWhole(data: string | Uint8Array): Promise<boolean> {
  used.add(process.stdout)
  return new Promise((resolve) => {
    process.stdout.write(data, (error) => resolve(error === undefined || error === null))
  })
}

/** Writes what went wrong to stderr. */
export function printError(text: string): void {
  write(process.stderr, text)
}

/** Resolves when all that was printed is out, its reader has gone, or the time is over. */
export async function drainPrinted(timeoutMs: number): Promise<void> {
  await Promise.all([...used].map((stream) => drained(stream, timeoutMs)))
}

/** Only these are waited for: making a stream of stdout costs milliseconds, and serving prints nothing. */
const used = new Set<NodeJS.WriteStream>()

function write(stream: NodeJS.WriteStream, text: string): void {
  used.add(stream)
  stream.write(text)
}

function drained(stream: NodeJS.WriteStream, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    stream.once('error', done)
    stream.write('', done)
  })
}
