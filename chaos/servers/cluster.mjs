import { freePort } from './free-port.mjs'
import { ManagedProcess } from './managed-process.mjs'

/** The plain app under node:cluster. */
export async function startCluster({ node, project, env = {} }) {
  const port = await freePort()
  const run = new ManagedProcess(node, ['cluster-primary.mjs'], {
    cwd: project.path,
    env: { ...process.env, ...env, PORT: String(port) },
  })
  await run.until((line) => line.event === 'ready', { what: 'the cluster to be ready' })
  return {
    name: 'node:cluster',
    port,
    /** Resolves when it is done; with why, if it was given up. */
    async reload() {
      const { mark } = run
      run.kill('SIGHUP')
      const { reason } = await run.until((line) => line.event === 'reloaded', { mark, what: 'the rolling restart' })
      return reason
    },
    workers() {
      const serving = new Set()
      for (const { event, pid } of run.lines) {
        if (event === 'listening') serving.add(pid)
        else if (event === 'exit') serving.delete(pid)
      }
      return [...serving].map((pid) => ({ pid }))
    },
    async stop() {
      run.kill('SIGTERM')
      await run.exited
    },
  }
}
