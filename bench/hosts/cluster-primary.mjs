/** The app under plain node:cluster, as Node's documentation shows it. */
import cluster from 'node:cluster'
import { fileURLToPath } from 'node:url'

cluster.setupPrimary({ exec: fileURLToPath(new URL('app.mjs', import.meta.url)) })
for (let count = 0; count < 2; count++) cluster.fork()
cluster.on('exit', (_worker, code) => {
  if (code !== 0) cluster.fork()
})
process.on('SIGTERM', () => process.exit(0))
