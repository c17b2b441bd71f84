import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const NPM_FLAGS = ['--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
/** What another project has installed is not asked for once more. */
const INSTALL_FLAGS = [...NPM_FLAGS, '--prefer-offline']

/** Packages of this repository as archives, in a folder of their own. */
export interface PackedPackages extends AsyncDisposable {
  /** By name: where the archive is, as a dependency's version. */
  readonly archives: Readonly<Record<string, string>>
}

/** Packs core and these adapters, as npm would publish them. Give it to `await using`. */
export async function packPackages(adapters: readonly string[]): Promise<PackedPackages> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'ekb-packed-')))
  const archives: Record<string, string> = {}
  for (const name of ['core', ...adapters]) {
    const before = new Set(await readdir(folder))
    await run('npm', ['pack', '--silent', ...NPM_FLAGS, '--pack-destination', folder], {
      cwd: resolve('packages', name),
    })
    const archive = (await readdir(folder)).find((file) => !before.has(file))
    archives[`@ekiben/${name}`] = `file:${join(folder, archive as string)}`
  }
  return { archives, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) }
}

export interface InstalledProject extends AsyncDisposable {
  readonly path: string
}

/** A user's project outside this repository, with these dependencies from npm, which gets the flags. Give it to `await using`. */
export async function installProject(
  files: Readonly<Record<string, string | object>>,
  dependencies: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<InstalledProject> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'ekb-installed-')))
  const manifest = { name: 'user-project', private: true, dependencies, ...(files['package.json'] as object) }
  for (const [name, content] of Object.entries({ ...files, 'package.json': manifest })) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  await run('npm', ['install', ...INSTALL_FLAGS, ...flags], { cwd: path })
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
