import { cp, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

/** The built package: this repository's, or the one that is installed where tests run in a user's project. */
const CORE = resolve('node_modules/@ekiben/core')

export interface ProjectOptions {
  /** Folder names below node_modules of this repository that the project has too. */
  readonly packages?: readonly string[]
  /** A copy of core in place of a link: it then finds nothing beside it but what the project has. */
  readonly copyCore?: boolean
}

export interface ProjectFolder extends AsyncDisposable {
  readonly path: string
  /** Where core is, seen from the project. */
  readonly core: string
}

/** A user's project in a folder of its own, with core installed. Give it to `await using`. */
export async function projectFolder(
  files: Readonly<Record<string, string | object>>,
  { packages = [], copyCore = false }: ProjectOptions = {},
): Promise<ProjectFolder> {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'ekb-project-')))
  const core = join(path, 'node_modules/@ekiben/core')
  await mkdir(dirname(core), { recursive: true })
  if (copyCore) {
    for (const part of ['package.json', 'bin', 'build', 'dist', 'esm'])
      await cp(join(CORE, part), join(core, part), { recursive: true })
  } else {
    await symlink(CORE, core)
  }
  for (const name of packages) await symlink(resolve('node_modules', name), join(path, 'node_modules', name))
  for (const [name, content] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true })
    await writeFile(join(path, name), typeof content === 'string' ? content : JSON.stringify(content))
  }
  return { path, core, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
