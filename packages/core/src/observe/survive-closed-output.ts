/**
 * Keeps a process alive whose stdout or stderr has lost its reader (`ekiben serve | head -1`, a log shipper that
 * restarts): Node ends it at the next `console.log`, with every call in flight. What is written is lost, no more.
 */
export function surviveClosedOutput(): void {
  for (const name of ['stdout', 'stderr'] as const) {
    const lazy = Object.getOwnPropertyDescriptor(process, name)
    const read = lazy?.get
    if (read === undefined) continue
    let guarded: unknown
    // Making the stream costs milliseconds and memory: it is left to whoever uses it first.
    const get = () => {
      const stream = read.call(process) as NodeJS.WriteStream
      if (stream !== guarded) stream.on('error', () => undefined)
      guarded = stream
      return stream
    }
    Object.defineProperty(process, name, { ...lazy, get })
  }
}
