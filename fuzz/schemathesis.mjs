import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const HOOKS = fileURLToPath(new URL('.', import.meta.url))
/** An answer that takes longer is one that does not come. */
const ANSWER_WITHIN_S = 10

/** Runs it against the document at a server, with all its checks; resolves to its own report. */
export async function runSchemathesis({ python, url, folder, seconds, seed }) {
  const path = join(folder, 'report.json')
  const args = [
    ...['-m', 'schemathesis.cli', '--no-color', 'run', `${url}/docs.json`, '--continue-on-failure'],
    ...['--phases', 'examples,coverage,fuzzing', '--max-time', String(seconds), '--seed', String(seed)],
    ...['--request-timeout', String(ANSWER_WITHIN_S), '--generation-database', ':memory:'],
    ...['--report', 'json', '--report-json-path', path],
  ]
  const env = { ...process.env, SCHEMATHESIS_HOOKS: 'hooks', PYTHONPATH: HOOKS, PYTHONDONTWRITEBYTECODE: '1' }
  const child = spawn(python, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk) => {
    output += chunk
  })
  const [code] = await once(child, 'close')
  // What failed, with the command that sends it again.
  if (code !== 0) process.stdout.write(`${output}\n`)
  if (code !== 0 && code !== 1) throw new Error(`schemathesis could not do its work: it ended with code ${code}`)
  return JSON.parse(await readFile(path, 'utf8'))
}
