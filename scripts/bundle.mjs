/**
 * Makes what is shipped of a package out of what tsc made of it: a few large files, and beside them a thin file for each
 * entry. Loading a hundred small files costs a process several MB and a tenth of its start.
 *
 * In a bundle every module stays a function of its own that runs when it is first required, so what a process does
 * not use is not run, and `import()` of a module of ours becomes such a `require`. Packages stay outside. What is in
 * a file is parsed whole, though: so what only supervisors need is in one, what only workers need in another.
 */
import { mkdir, readdir, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join, relative, resolve } from 'node:path'
import { ROOT } from './run-command.mjs'

const CORE = join(ROOT, 'packages', 'core')
const BUILD = join(CORE, 'build')
const DIST = join(CORE, 'dist')

/** The bundles, each with its entries. The first holds what supervisors and workers have in common as well. */
const SHARED = { name: 'ekiben', entries: ['index', 'config/config-reader-entry'] }
const SUPERVISOR = {
  name: 'supervisor',
  entries: ['serving', 'cli/main', 'bootstrap/supervise-app', 'bootstrap/supervise-pools'],
}
const WORKER = { name: 'worker', entries: ['worker/entry/process-entry', 'worker/entry/thread/thread-entry'] }
/** What only a host app needs, or development mode; the rest of what it runs is a worker's, and taken from there. */
const HOST = {
  name: 'host',
  entries: [
    'worker/entry/app/app-preload',
    'adapter',
    'testing',
    'bootstrap/serve-app',
    'bootstrap/run-alone',
    'bootstrap/own-pools',
    'development/serve-here',
    'worker/entry/inline-worker',
    'worker/entry/loaded-files',
  ],
}
const BUNDLES = [SHARED, SUPERVISOR, WORKER, HOST]
/** First files of short processes and threads that need next to nothing, a module that workers import, and the client: each holds what it needs. */
const ALONE = [
  'identifier/syntax-error-entry',
  'worker/entry/watch-thread-main',
  'worker/entry/thread/host-entry',
  'testing/conformance/services',
  'client',
]
/** What users import: named so that `import` finds the names without running the code. */
const PUBLIC = ['index', 'serving', 'adapter', 'client', 'testing']

const OPTIONS = {
  absWorkingDir: BUILD,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20.19',
  packages: 'external',
  logLevel: 'silent',
  write: false,
  outdir: DIST,
}

/** Writes `packages/core/dist` anew. Throws with the bundler's own words when it cannot. */
export async function bundle() {
  // Here: this file is loaded before the dependencies are installed.
  const { build, stop } = await import('esbuild')
  try {
    const shared = await sharedModules(build)
    const homes = new Map([...shared].map((module) => [module, SHARED.name]))
    const lent = await lentModules(build, shared)
    const files = new Map()
    files.set('ekiben.js', await bundleOf(build, [...shared], new Map()))
    files.set('supervisor.js', await bundleOf(build, SUPERVISOR.entries, homes))
    files.set('worker.js', await bundleOf(build, [...WORKER.entries, ...lent], homes))
    for (const module of lent) homes.set(module, WORKER.name)
    files.set('host.js', await bundleOf(build, HOST.entries, homes))
    for (const entry of ALONE) {
      const { outputFiles } = await build({ ...OPTIONS, entryPoints: [`${entry}.js`] })
      files.set(`${entry}.js`, withNames(entry, outputFiles[0].text))
    }
    for (const { name, entries } of BUNDLES)
      for (const entry of entries) files.set(`${entry}.js`, thinEntry(entry, name))
    await writeOnly(files)
  } finally {
    // It would stay beside this process.
    await stop()
  }
}

/** Whether all that `bundle` writes is there. */
export async function isBundled() {
  const present = new Set(await filesIn(DIST))
  const names = [...BUNDLES.flatMap(({ name, entries }) => [name, ...entries]), ...ALONE]
  return names.every((name) => present.has(`${name}.js`))
}

/** Modules, named as entries are, of the shared bundle: what its entries need, and what two others do. */
async function sharedModules(build) {
  const shared = await modulesOf(build, SHARED.entries)
  const seen = new Set()
  for (const entries of [SUPERVISOR.entries, [...WORKER.entries, ...HOST.entries]]) {
    for (const module of await modulesOf(build, entries)) {
      if (seen.has(module)) shared.add(module)
      seen.add(module)
    }
  }
  return shared
}

/** Modules of the worker's bundle that the host's takes from it. */
async function lentModules(build, shared) {
  const own = await modulesOf(build, WORKER.entries)
  return [...(await modulesOf(build, HOST.entries))].filter((module) => own.has(module) && !shared.has(module))
}

async function modulesOf(build, entries) {
  const entryPoints = entries.map((entry) => `${entry}.js`)
  const { metafile } = await build({ ...OPTIONS, entryPoints, metafile: true })
  return new Set(Object.keys(metafile.inputs).map((path) => path.replace(/\.js$/, '')))
}

/** One file that exports, by name, a function for each of these modules that runs it; others come from their homes. */
async function bundleOf(build, modules, homes) {
  const lines = modules.map((module) => `exports['${module}'] = () => require('./${module}.js')\n`)
  const stdin = { contents: lines.join(''), resolveDir: BUILD }
  const { outputFiles } = await build({ ...OPTIONS, stdin, plugins: [fromElsewhere(homes)] })
  return outputFiles[0].text
}

/** Has a bundle take modules from those that hold them already. */
function fromElsewhere(homes) {
  return {
    name: 'from-elsewhere',
    setup({ onResolve, onLoad }) {
      onResolve({ filter: /^\./ }, ({ path, resolveDir, namespace }) => {
        if (namespace === 'elsewhere') return { path, external: true }
        const module = relative(BUILD, resolve(resolveDir, path)).replace(/\.js$/, '')
        return homes.has(module) ? { path: module, namespace: 'elsewhere' } : undefined
      })
      onLoad({ filter: /./, namespace: 'elsewhere' }, ({ path }) => {
        return { contents: `module.exports = require('./${homes.get(path)}.js')['${path}']()` }
      })
    },
  }
}

function thinEntry(entry, bundleName) {
  const path = relative(dirname(entry), `${bundleName}.js`)
  const specifier = path.startsWith('.') ? path : `./${path}`
  return withNames(entry, `'use strict'\nmodule.exports = require('${specifier}')['${entry}']()\n`)
}

/** What is added never runs; Node reads the names of a CommonJS module's exports off it. */
function withNames(entry, text) {
  if (!PUBLIC.includes(entry)) return text
  const names = Object.keys(createRequire(import.meta.url)(join(BUILD, `${entry}.js`)))
  return `${text}0 && (module.exports = { ${names.join(', ')} })\n`
}

/** A file is replaced while processes may be reading it, and what is not written any more goes. */
async function writeOnly(files) {
  for (const [name, text] of files) {
    const file = join(DIST, name)
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  for (const name of await filesIn(DIST)) if (!files.has(name)) await rm(join(DIST, name))
}

async function filesIn(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => relative(folder, join(entry.parentPath, entry.name)))
}
