/**
 * Tools that are on PyPI and not on npm, in virtual environments outside the repository.
 *
 *   node scripts/python-venv.mjs schemathesis==4.32.5     installs it if it is missing, prints the path of its Python
 *
 * They lie in EKIBEN_PYTHON_CACHE or a folder below the system's temporary one; what is found there is not fetched
 * again. A Python is needed that has `venv` (on Debian: python3 and python3-venv); another than `python3` is named in
 * EKIBEN_PYTHON. Programs of an environment are run by its Python (`python -m …`): their own files know where they were
 * made, not where they are.
 */
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, mkdir, mkdtemp, rename, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

const CACHE = process.env.EKIBEN_PYTHON_CACHE || join(tmpdir(), 'ekiben-python-venvs')
const TRIES = 3

/** Path of a Python in whose environment these packages are, each as pip takes it: `name==version`. */
export async function pythonWith(packages) {
  const base = process.env.EKIBEN_PYTHON || 'python3'
  const version = await pythonVersion(base)
  const id = createHash('sha256')
    .update(JSON.stringify([version, packages]))
    .digest('hex')
    .slice(0, 12)
  const folder = join(CACHE, `${packages[0].replace(/[^\w.]+/g, '-')}-${id}`)
  if (!(await exists(join(folder, 'bin', 'python')))) await install({ base, packages, folder })
  return join(folder, 'bin', 'python')
}

async function pythonVersion(base) {
  try {
    return (await run(base, ['--version'])).stdout.trim()
  } catch (error) {
    throw new Error(`there is no Python: '${base}' does not run (${firstLine(error)})`)
  }
}

/** Installs beside, then renames into place: a run cut short or a second one at once leaves no half environment. */
async function install({ base, packages, folder }) {
  await mkdir(CACHE, { recursive: true })
  const made = await mkdtemp(join(CACHE, '.new-'))
  try {
    await run(base, ['-m', 'venv', made]).catch((error) => {
      throw new Error(`'${base} -m venv' failed; on Debian it needs the package python3-venv (${firstLine(error)})`)
    })
    await retried(() => run(join(made, 'bin', 'python'), ['-m', 'pip', 'install', '--quiet', ...packages]))
    await rename(made, folder).catch(async (error) => {
      // Another run was first.
      if (!(await exists(join(folder, 'bin', 'python')))) throw error
    })
  } finally {
    await rm(made, { recursive: true, force: true })
  }
}

/** A registry may be away for a moment. */
async function retried(install) {
  for (let left = TRIES; ; left--) {
    try {
      return await install()
    } catch (error) {
      if (left === 1) throw new Error(`pip could not install it; is the registry reachable?\n${textOf(error)}`)
      await wait(5_000)
    }
  }
}

function exists(path) {
  return access(path).then(
    () => true,
    () => false,
  )
}

function textOf(error) {
  return (error.stderr || error.message).trim()
}

function firstLine(error) {
  return textOf(error).split('\n')[0]
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  pythonWith(process.argv.slice(2)).then(
    (python) => process.stdout.write(`${python}\n`),
    (error) => {
      process.stderr.write(`${error.message}\n`)
      process.exitCode = 1
    },
  )
}
