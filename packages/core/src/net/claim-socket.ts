import { spawn } from 'node:child_process'
import { entryFile } from '../entry-file.js'

const CLAIM_ENTRY = entryFile('net/claim-entry')

/** Descriptor of the socket in the claiming process. */
const CLAIM_FD = 3

/**
 * Makes a bound socket listen, by a short process: in this one libuv would go on to accept. Binding alone
 * reserves nothing; of two that are bound to one address, the first to listen has it.
 *
 * Rejects with an Error with the `code` of the failed call, or with none and what the process said instead.
 */
export function claimSocket(fd: number, backlog: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [CLAIM_ENTRY, String(CLAIM_FD), String(backlog)], {
      stdio: ['ignore', 'pipe', 'pipe', fd],
      env: claimEnvironment(),
    })
    let code = ''
    let output = ''
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      code += chunk
    })
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk
    })
    child.once('error', reject)
    child.once('close', (exitCode, signal) => {
      if (exitCode === 0) return resolve()
      if (/^E[A-Z]+$/.test(code)) return reject(Object.assign(new Error(`listen ${code}`), { code }))
      const end = signal === null ? `exit code ${exitCode}` : signal
      reject(new Error(`the process that claims it ended with ${end} ${code || output.trim()}`.trim()))
    })
  })
}

/** The app's loaders, coverage and certificates have no business in that process, and would slow it down. */
function claimEnvironment(): NodeJS.ProcessEnv {
  const {
    NODE_OPTIONS: _options,
    NODE_V8_COVERAGE: _coverage,
    NODE_EXTRA_CA_CERTS: _certificates,
    ...env
  } = process.env
  return env
}
