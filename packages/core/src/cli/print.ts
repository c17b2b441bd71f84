/** Writes the outcome of a command to stdout. */
export function print(text: string): void {
  write(process.stdout, text)
}

/** Writes what went wrong to stderr. */
export function printError(text: string): void {
  write(process.stderr, text)
}

const guarded = new WeakSet<NodeJS.WriteStream>()

/** `ekiben graph | head -1`: a reader that leaves early is no failure of ours. */
function write(stream: NodeJS.WriteStream, text: string): void {
  if (!guarded.has(stream)) {
    guarded.add(stream)
    stream.on('error', () => undefined)
  }
  stream.write(text)
}
