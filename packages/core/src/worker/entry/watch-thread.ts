import { Worker } from 'node:worker_threads'
import { entryFile } from '../../entry-file.js'
import type { Logger } from '../../observe/logger.js'

const MAIN = entryFile('worker/entry/watch-thread-main')
/** Small, for it does next to nothing: what remains is what V8 and Node need for any thread. */
const RESOURCE_LIMITS = { maxOldGenerationSizeMb: 16, maxYoungGenerationSizeMb: 1, stackSizeMb: 1 }

/** Starts the thread that can look at this one while it is blocked. It keeps no process alive and says nothing. */
export function startWatchThread(log: Logger): void {
  // Neither the flags nor the variables of the process: a user's `--import` is not for this thread. It writes nothing; were
  // its output not kept here, piping it would have V8 compile anew what reads requests, in the first second of the load.
  const streams = { stdin: false, stdout: true, stderr: true }
  const thread = new Worker(MAIN, { execArgv: [], env: {}, ...streams, resourceLimits: RESOURCE_LIMITS })
  // Without it there is no stack of a blocked loop; everything else goes on.
  thread.on('error', (err) => log.debug({ err }, 'watch thread failed'))
  thread.once('online', () => log.debug({}, 'watch thread is online'))
  thread.unref()
}
