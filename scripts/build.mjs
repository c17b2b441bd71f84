/**
 * Builds the packages: `tsc -b` into `build`, then the bundle in `dist`, which is what runs; of an adapter `dist/esm` and
 * `dist/cjs`. Takes away output whose
 * source is gone: a file that was renamed must not stay importable, nor be packed.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { basename, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { ADAPTERS, buildAdapter } from './build-adapter.mjs'
import { bundle, isBundled } from './bundle.mjs'
import { ROOT, runTool } from './run-command.mjs'

const STAMP = join(ROOT, 'node_modules', '.ekiben-build')

/** What the output depends on beside the packages themselves. */
const INPUTS = [
  'package-lock.json',
  'tsconfig.json',
  'tsconfig.base.json',
  'scripts/build.mjs',
  'scripts/build-adapter.mjs',
  'scripts/bundle.mjs',
]

/** Builds unless nothing changed since the last build. Throws with the compiler's own words when it fails. */
export async function build() {
  await removeOrphans()
  const inputs = await fingerprint()
  if ((await readFile(STAMP, 'utf8').catch(() => '')) === inputs && (await outputsExist())) return
  const { code, output } = await runTool('typescript/bin/tsc', ['-b', '--pretty', 'false'], { capture: true })
  if (code !== 0) throw new Error(`The build failed:\n${output.trim()}`)
  await bundle()
  for (const name of ADAPTERS) await buildAdapter(join(ROOT, 'packages', name))
  await writeFile(STAMP, inputs)
}

/** Cheaper than asking tsc, which takes a second to say that nothing is to be done. */
async function fingerprint() {
  const hash = createHash('sha256')
  for (const file of await sources()) {
    const { mtimeMs, size } = await stat(file)
    hash.update(`${relative(ROOT, file)} ${mtimeMs} ${size}\n`)
  }
  return hash.digest('hex')
}

async function sources() {
  const found = INPUTS.map((name) => join(ROOT, name))
  for (const folder of await packageFolders()) {
    const entries = await readdir(folder, { withFileTypes: true })
    found.push(
      ...entries.filter((entry) => /^tsconfig.*\.json$/.test(entry.name)).map(({ name }) => join(folder, name)),
    )
    found.push(...(await filesBelow(join(folder, 'src'))))
  }
  return found.sort()
}

async function packageFolders() {
  const entries = await readdir(join(ROOT, 'packages'), { withFileTypes: true })
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(ROOT, 'packages', entry.name))
}

async function filesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

/** Somebody may have removed the output; the stamp would then lie. */
async function outputsExist() {
  const adapters = ADAPTERS.map((name) => join(ROOT, 'packages', name, 'dist', 'cjs', 'index.js'))
  return [join(ROOT, 'packages', 'core', 'build', 'index.js'), ...adapters].every(existsSync) && (await isBundled())
}

async function removeOrphans() {
  for (const folder of await packageFolders()) {
    const output = join(folder, ADAPTERS.includes(basename(folder)) ? 'dist/esm' : 'build')
    for (const file of await filesBelow(output)) {
      const [, base, kind] = /^(.*?)(?:\.d)?\.([cm]?)[jt]s$/.exec(file) ?? []
      if (base === undefined) continue
      const source = join(folder, 'src', `${relative(output, base)}.${kind}ts`)
      if (!existsSync(source)) await rm(file)
    }
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  build().catch((error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}
