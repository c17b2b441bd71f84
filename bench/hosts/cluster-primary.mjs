/**
 * An app under plain node:cluster, as Node's documentation shows it.
 *
 *     node cluster-primary.mjs MAIN WORKERS [ARGUMENT...]
 */
import cluster from 'node:cluster'

const [exec, workers, ...args] = process.argv.slice(2)
cluster.setupPrimary({ exec, args })
for (let count = 0; count < Number(workers); count++) cluster.fork()
cluster.on('exit', (_worker, code) => {
  if (code !== 0) cluster.fork()
})
process.on('SIGTERM', () => process.exit(0))
