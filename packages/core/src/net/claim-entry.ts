/**
 * The process that claims a bound socket: it inherits the descriptor, makes it listen, and leaves.
 *
 *   node claim-entry.js FD BACKLOG
 *
 * It says the code of a failure on stdout and exits 1; nothing and 0 otherwise.
 */
import { writeSync } from 'node:fs'
import { createServer } from 'node:net'

const [fd, backlog] = process.argv.slice(2).map(Number) as [number, number]
const server = createServer()
server.once('error', (error: NodeJS.ErrnoException) => {
  writeSync(1, error.code ?? error.message)
  process.exit(1)
})
// The backlog goes beside the options: among them it would be ignored for a descriptor.
server.listen({ fd }, backlog)
// It listens by now, and the loop must not turn once: it would accept what no worker has seen.
if (server.listening) process.exit(0)
