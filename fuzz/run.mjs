/**
 * Sends what a tool of others makes up from our own /docs.json to every route of a service with apis of every kind:
 * values that the document allows, and values that it does not.
 *
 *   npm run fuzz                      five minutes, with a seed of its own
 *   npm run fuzz -- --seconds 3600    as long as that
 *   npm run fuzz -- --seed 7          what another run sent
 *   npm run fuzz -- --quick           a minute, always the same seed: what CI runs
 *
 * Prints what was sent and what came of it; ends with code 1 when an answer was not what the document says, was a 500,
 * or did not come. See docs/reliability.md.
 */
import { randomInt } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { pythonWith } from '../scripts/python-venv.mjs'
import { setup } from '../scripts/setup.mjs'
import { formatFigures } from './figures.mjs'
import { runSchemathesis } from './schemathesis.mjs'
import { startTarget } from './target.mjs'

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '300' },
    seed: { type: 'string' },
    quick: { type: 'boolean', default: false },
  },
})
const seconds = values.quick ? 60 : Number(values.seconds)
const seed = Number(values.seed ?? (values.quick ? 1 : randomInt(1e6)))

const python = await findPython()
if (typeof python === 'string') await fuzz(python)
else {
  process.stdout.write(`skipped: the fuzz run: ${python.reason}\n0 passed, 0 failed, 1 skipped\n`)
  // Asked for by hand, it should have run.
  if (process.env.EKIBEN_FUZZ_PYTHON === undefined) process.exitCode = 1
}

/** That of EKIBEN_FUZZ_PYTHON, where empty says that it could not be had; else one of our own. */
async function findPython() {
  const named = process.env.EKIBEN_FUZZ_PYTHON
  if (named === '') return { reason: 'schemathesis could not be installed' }
  if (named !== undefined) return named
  const packages = (await readFile(new URL('requirements.txt', import.meta.url), 'utf8')).trim().split('\n')
  return pythonWith(packages).catch((error) => ({ reason: error.message }))
}

async function fuzz(python) {
  await setup()
  const folder = await mkdtemp(join(tmpdir(), 'ekb-fuzz-'))
  const target = await startTarget(folder)
  try {
    const report = await runSchemathesis({ python, url: target.url, folder, seconds, seed })
    const answers = await target.stop()
    const { text, passed, failed } = formatFigures(report, answers)
    process.stdout.write(`${text}\n${passed} passed, ${failed} failed, 0 skipped\n`)
    process.exitCode = failed === 0 ? 0 : 1
  } finally {
    target.kill()
    await rm(folder, { recursive: true, force: true })
  }
}
