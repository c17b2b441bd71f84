/** What the servers of bench/adapters.mjs answer with, by hand or mounted: the same schema and the same work. */
import { z } from 'zod'

export const Input = z.object({ text: z.string() })

let classified = 0

export async function classify({ text }) {
  classified++
  return { label: 'length', score: text.length }
}

/** The service that does it. */
export async function makeService() {
  const { defineService } = await import('@ekiben/core')
  return defineService(
    class TextClassifier {
      classify(input) {
        return classify(input)
      }
    },
    { apis: { classify: { input: Input } }, module: import.meta.url },
  )
}

/** A logger that costs nothing. */
export const quiet = { debug() {}, info() {}, warn: console.warn, error: console.error, child: () => quiet }

/**
 * Listens on the inherited descriptor, and tells how much was done to whoever asks; under a supervisor on `PORT`. Gives back
 * what closes it.
 */
export function serveOn(server) {
  server.keepAliveTimeout = 75_000
  if (process.env.PORT !== undefined) return serveSupervised(server)
  server.listen({ fd: 4 }, 2048, () => process.send('listening'))
  process.on('message', () => process.send({ count: classified, at: performance.now(), ...process.cpuUsage() }))
}

/** Ends as the documentation of Node and of PM2 advises: what is still answered says that its connection closes. */
function serveSupervised(server) {
  const close = () => {
    server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'))
    return new Promise((resolve) => server.close(resolve))
  }
  const end = () => close().then(() => process.exit(0))
  for (const signal of ['SIGTERM', 'SIGINT']) process.once(signal, end)
  // How a primary of node:cluster tells its workers.
  process.on('message', (message) => {
    if (message === 'shutdown') void end()
  })
  server.listen(Number(process.env.PORT), '127.0.0.1', () => {
    process.send?.('ready')
    process.channel?.unref()
  })
  return close
}
