/**
 * What only an app's own main file can tell, of which this is the answer to `/main`: its path, what it was given in
 * `BENCH_TOKEN`, which of two routes it has, and which worker it is.
 */
import { fileURLToPath } from 'node:url'
import { threadId } from 'node:worker_threads'

export function tellMain(url) {
  return {
    main: fileURLToPath(url),
    token: process.env.BENCH_TOKEN,
    route: process.argv.includes('mounted') ? 'mounted' : 'by hand',
    worker: `${process.pid}.${threadId}`,
  }
}
