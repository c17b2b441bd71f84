/**
 * What a fresh clone needs before anything runs: the dependencies of package-lock.json and the built packages.
 * Says nothing, and is quick, when both are there. Uses nothing but Node and npm.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from './build.mjs'
import { ROOT, runNpm } from './run-command.mjs'

/** Installs and builds what is missing or out of date. */
export async function setup() {
  await install()
  await build()
}

/** Installs the dependencies unless node_modules holds what the lock file asks for. */
export async function install() {
  if (await isInstalled()) return
  process.stderr.write('Installing the dependencies (npm ci) …\n')
  // NODE_ENV=production would leave out the compiler.
  const flags = ['--ignore-scripts', '--include=dev', '--no-audit', '--no-fund']
  const { code, output } = await runNpm(['ci', ...flags], { capture: true })
  if (code === 0) return
  throw new Error(
    `npm ci failed (exit ${code}):\n\n${output.trim()}\n\n` +
      'Is the package registry reachable? Run "npm ci" by hand to look closer, then try again.',
  )
}

/** Compares the lock file with npm's own record of what it put into node_modules. */
async function isInstalled() {
  const [wanted, present] = await Promise.all([
    readPackages(join(ROOT, 'package-lock.json')),
    readPackages(join(ROOT, 'node_modules', '.package-lock.json')).catch(() => undefined),
  ])
  if (present === undefined) return false
  return Object.entries(wanted).every(([path, entry]) => path === '' || matches(entry, present[path]))
}

async function readPackages(file) {
  return JSON.parse(await readFile(file, 'utf8')).packages ?? {}
}

function matches(wanted, present) {
  // Binaries for other systems are in the lock file, but not in node_modules.
  if (present === undefined) return wanted.optional === true || wanted.devOptional === true || wanted.peer === true
  return wanted.version === present.version && wanted.integrity === present.integrity
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  setup().catch((error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}
