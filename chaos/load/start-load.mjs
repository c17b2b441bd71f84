import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { addCleanup } from '../cleanup.mjs'

const PROCESS = fileURLToPath(new URL('load-process.mjs', import.meta.url))

/** Starts clients, by profile and number; `stop` lets each finish what it has asked, and resolves with the books. */
export async function startLoad(port, clients) {
  const child = fork(PROCESS, [], { execArgv: [] })
  const forget = addCleanup(() => child.kill('SIGKILL'))
  const exited = once(child, 'exit').then(([code]) => Promise.reject(new Error(`the load ended with ${code}`)))
  exited.catch(() => {})
  const heard = async () => (await Promise.race([once(child, 'message'), exited]))[0]
  child.send({ target: { port, host: '127.0.0.1' }, clients })
  await heard()
  return {
    async stop() {
      const report = heard()
      child.send('stop')
      try {
        return await report
      } finally {
        await exited.catch(() => {})
        forget()
      }
    },
  }
}
