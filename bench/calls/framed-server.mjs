// A pool worker's side: the CallServer of the built package. argv: socket path.
import { createRequire } from 'node:module'

const require = createRequire(import.meta.url)
const { CallServer } = require('../../packages/core/build/call/call-server.js')

const quiet = { debug() {}, info() {}, warn() {}, error: console.error, child: () => quiet }
const server = new CallServer({
  handler: async (_api, { text }) => ({ length: text.length }),
  service: 'Bench',
  slot: 0,
  apis: ['measure'],
  schemaHash: 'bench',
  log: quiet,
})
await server.listen(process.argv[2])
process.send('ready')
process.on('disconnect', () => process.exit(0))
