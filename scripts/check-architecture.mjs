/**
 * Checks who imports whom: the rules of .dependency-cruiser.cjs, and that the package's main entry stays light.
 * Fails when it saw no module, and when a rule guards none: such a rule has lost its folder, and would pass for ever.
 *
 *   node scripts/check-architecture.mjs [ROOT]
 */
import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join, resolve } from 'node:path'
import { cruise } from 'dependency-cruiser'
import ts from 'typescript'

const root = resolve(process.argv[2] ?? '.')
process.chdir(root)
const { forbidden, options } = createRequire(import.meta.url)(join(root, '.dependency-cruiser.cjs'))
const tsConfig = readTsConfig(join(root, options.tsConfig.fileName))

/** What `import '@ekiben/core'` must not load: each costs every app its start-up time. */
const HEAVY = /(^|node_modules\/)(pino|commander|msgpackr)(\/|$)/
const MAIN_ENTRY = 'packages/core/src/index.ts'

const problems = []
const modules = await cruiseFrom('packages', { ...options, ruleSet: { forbidden }, validate: true })
const sources = modules.filter(({ source }) => /^packages\/[^/]+\/src\/.*(?<!\.test)\.[cm]?ts$/.test(source))
for (const { source, dependencies } of modules) {
  for (const { resolved, rules = [], cycle = [] } of dependencies) {
    for (const { name } of rules) {
      const way = cycle.length > 0 ? cycle.map((step) => step.name).join(' → ') : resolved
      problems.push(`${name}: ${source} → ${way}\n    ${forbidden.find((rule) => rule.name === name).comment}`)
    }
  }
}
if (sources.length === 0) problems.push('No module was found below packages/*/src: the check saw nothing.')
for (const { name, from } of forbidden) {
  const guarded = sources.filter(({ source }) => new RegExp(from.path).test(source)).length
  if (guarded === 0 && !isAwaited(name))
    problems.push(`${name}: guards no module (${from.path}): has its folder moved?`)
}
await checkMainEntry()

for (const problem of problems) process.stdout.write(`${problem}\n`)
const verdict = problems.length === 0 ? 'no violation' : `${problems.length} violations`
process.stdout.write(`${sources.length} modules, ${forbidden.length + 1} rules: ${verdict}\n`)
process.exitCode = problems.length === 0 ? 0 : 1

async function cruiseFrom(path, cruiseOptions) {
  const { output } = await cruise([path], { ...cruiseOptions, tsConfig: undefined }, undefined, { tsConfig })
  return output.modules
}

/** dependency-cruiser's own reader gives up when no file matches: that is ours to report. */
function readTsConfig(file) {
  const { config } = ts.readConfigFile(file, ts.sys.readFile)
  return ts.parseJsonConfigFileContent(config, ts.sys, dirname(file), {}, file)
}

/** The one rule that may guard nothing, for as long as no adapter has a source file. */
function isAwaited(name) {
  const folders = ['fastify-plugin', 'express-adapter', 'nest-module']
  return name === 'adapters-use-public-entries' && !folders.some((folder) => existsSync(`packages/${folder}/src`))
}

/** Follows what really runs at import: no types, no import() that comes later. */
async function checkMainEntry() {
  if (!existsSync(MAIN_ENTRY)) {
    problems.push(`main-entry-is-light: ${MAIN_ENTRY} was not found`)
    return
  }
  const runtime = { ...options, tsPreCompilationDeps: false, exclude: { dynamic: true } }
  const bySource = new Map((await cruiseFrom(MAIN_ENTRY, runtime)).map((module) => [module.source, module]))
  const cameFrom = new Map([[MAIN_ENTRY, undefined]])
  for (const source of cameFrom.keys()) {
    for (const { resolved } of bySource.get(source)?.dependencies ?? []) {
      if (HEAVY.test(resolved)) {
        problems.push(
          `main-entry-is-light: ${[...wayTo(source, cameFrom), resolved].join(' → ')}\n    ` +
            "What '@ekiben/core' imports is loaded by every app, the client side included: import it where it is used.",
        )
      } else if (!cameFrom.has(resolved)) {
        cameFrom.set(resolved, source)
      }
    }
  }
}

function wayTo(source, cameFrom) {
  const way = []
  for (let at = source; at !== undefined; at = cameFrom.get(at)) way.unshift(at)
  return way
}
