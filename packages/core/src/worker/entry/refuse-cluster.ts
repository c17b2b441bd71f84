import cluster from 'node:cluster'
import { syncBuiltinESMExports } from 'node:module'
import { createError } from '../../errors/service-error.js'

/** Code that forks itself in each worker would square their number, on sockets that are not its own. */
export function refuseCluster(): void {
  cluster.fork = () => {
    throw createError('EKB_ERR_NESTED_CLUSTER', {})
  }
  syncBuiltinESMExports()
}
