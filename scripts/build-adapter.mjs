/**
 * Makes the CommonJS half of an adapter package out of what tsc made: the same files, converted one by one, and the same
 * types, in a folder whose package.json says that it holds CommonJS. An app is served by the half that fits how it loads
 * its framework; a CommonJS app would get a second copy of it otherwise.
 */
import { cp, mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'

/** The folder of each package that is an adapter. */
export const ADAPTERS = ['express-adapter', 'fastify-plugin', 'nest-module']

/** Writes `dist/cjs` of the package in `folder` anew. */
export async function buildAdapter(folder) {
  const from = join(folder, 'dist', 'esm')
  const to = join(folder, 'dist', 'cjs')
  const entries = await readdir(from, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  await rm(to, { recursive: true, force: true })
  await mkdir(to, { recursive: true })
  await writeFile(join(to, 'package.json'), '{ "type": "commonjs" }\n')
  // Here: this file is loaded before the dependencies are installed.
  const { build, stop } = await import('esbuild')
  try {
    await build({
      entryPoints: files.filter((file) => file.endsWith('.js')),
      outdir: to,
      outbase: from,
      format: 'cjs',
      platform: 'node',
      target: 'node20.19',
      logLevel: 'silent',
    })
  } finally {
    // It would stay beside this process.
    await stop()
  }
  for (const file of files.filter((each) => each.endsWith('.d.ts'))) {
    await cp(file, join(to, relative(from, file)))
  }
}
