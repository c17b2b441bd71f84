// The ES module face of the one CommonJS build: see index.mjs. For browsers too: what it loads needs nothing of Node.
export { ClientError, connectClient, createClient, isClientError } from '../dist/client.js'
