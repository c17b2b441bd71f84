/**
 * `npm start`: set-up, then the main example in production mode. `npm start -- --port 0` passes arguments on.
 *
 * The example runs in this very process, which becomes its supervisor: signals and the exit code need nobody in
 * between, and a Ctrl-C does not arrive twice.
 */
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { ROOT } from './run-command.mjs'
import { setup } from './setup.mjs'

const EXAMPLE = join(ROOT, 'examples', 'text-classifier')

try {
  await setup()
} catch (error) {
  process.stderr.write(`${error.message}\n`)
  process.exit(1)
}

const script = join(EXAMPLE, 'start.mjs')
process.chdir(EXAMPLE)
process.argv[1] = script
await import(pathToFileURL(script).href)
