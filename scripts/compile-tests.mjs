import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { transform } from 'esbuild'
import { ROOT } from './run-command.mjs'

/** Where the TypeScript is that tests load; the package beside it says that it is CommonJS. */
const FOLDERS = ['packages/core/src', 'test']

const OPTIONS = {
  loader: 'ts',
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  keepNames: true,
  sourcemap: 'inline',
  sourcesContent: false,
  banner: "const __moduleUrl = require('node:url').pathToFileURL(__filename).href;",
  define: { 'import.meta.dirname': '__dirname', 'import.meta.url': '__moduleUrl' },
}

/** An import of a file beside, by the name that it gets when it is built. */
const IMPORT_BESIDE = /\b(require|import)\("(\.[^"]+)\.js"\)/g

/**
 * Compiles the sources and the tests into a folder, without a look at types, and resolves to the path of a file that a
 * test process preloads to find them there. To compile once costs a second; with tsx, each of the processes takes a
 * third of one to start, and so does each worker that inherits its flags.
 */
export async function compileTests(folder) {
  for (const name of FOLDERS) {
    const entries = await readdir(join(ROOT, name), { recursive: true, withFileTypes: true }).catch(() => [])
    const sources = entries.filter((entry) => entry.isFile() && /(?<!\.d)\.ts$/.test(entry.name))
    await Promise.all(sources.map((entry) => compile(join(entry.parentPath, entry.name), folder)))
  }
  const preload = join(folder, 'preload.cjs')
  const loader = join(ROOT, 'scripts', 'load-compiled.cjs')
  await writeFile(preload, `require(${JSON.stringify(loader)})(${JSON.stringify(ROOT)}, __dirname)\n`)
  return preload
}

async function compile(file, folder) {
  const name = relative(ROOT, file)
  const target = join(folder, `${name}.js`)
  const source = await readFile(file, 'utf8')
  // A file that does not parse fails where it is loaded, and nowhere else.
  const { code } = await transform(source, { ...OPTIONS, sourcefile: file }).catch(({ message }) => ({
    code: `throw new SyntaxError(${JSON.stringify(`${name}: ${message}`)})`,
  }))
  await mkdir(dirname(target), { recursive: true })
  await writeFile(target, toSources(code, dirname(file)))
}

/** Node would look for JavaScript where the source is, and import() would not be served by load-compiled.cjs. */
function toSources(code, folder) {
  return code.replace(IMPORT_BESIDE, (whole, kind, name) => {
    if (!existsSync(join(folder, `${name}.ts`))) return whole
    return kind === 'require' ? `require("${name}.ts")` : `(async () => require("${name}.ts"))()`
  })
}
