import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { usageError } from './usage-error.js'

const KNOWN = { flags: ['--port', '--host', '-p', '--help'], commands: ['serve', 'graph'] }

describe('usageError', () => {
  const cases: [string, string, string | undefined][] = [
    ["error: unknown option '--prot'", "Unknown option '--prot'", '--port'],
    ["error: unknown option '--prot=3'", "Unknown option '--prot=3'", '--port'],
    ["error: unknown command 'sevre'", "Unknown command 'sevre'", 'serve'],
    ["error: option '-p, --port <N>' argument missing", "Option '-p, --port <N>' argument missing", undefined],
    ["error: unknown option '--entirely-else'", "Unknown option '--entirely-else'", undefined],
  ]
  for (const [complaint, message, near] of cases) {
    it(complaint, () => {
      const error = usageError(complaint, KNOWN)
      assert.deepEqual([error.code, error.message], ['EKB_ERR_CLI_USAGE', message])
      assert.equal(error.hint, `Run the command with --help.${near === undefined ? '' : ` Did you mean ${near}?`}`)
    })
  }
})
