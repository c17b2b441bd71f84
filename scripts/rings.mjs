import { readdir } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { ROOT } from './run-command.mjs'

/**
 * The rings of tests: where their files are, how many files run at once, and how long one may take. Process and
 * e2e tests start supervisors with pools of their own, so few of them run side by side.
 *
 * `npm test` leaves some to CI, to be over in five minutes: process tests of one side of the whole, as `apps` of those who
 * come with a main file of their own, `edge` of addresses, sockets and TLS, and `frameworks`; `supervision`, of what goes
 * wrong, which has to be waited for; `development`, which starts apps over and over; `examples`, which load their models;
 * and `repository`, which tests the checks. Nor has it the Python that `interop` needs, the chromium of `browser`, the nginx
 * of `proxy`, and the registry from which `matrix` installs frameworks beside the packed packages, in every version they are
 * for; with it are the versions of TypeScript.
 *
 * Examples are ES modules, which tsx compiles as they load; all other tests are compiled before (compile-tests.mjs). A ring
 * that `waits` more than it computes keeps so many files going on any machine; of the others there run no more than there
 * are cores.
 */
export const RINGS = {
  unit: { folders: ['packages/*/src', 'packages/*/page'], concurrency: 4, timeoutMs: 60_000 },
  types: { folders: ['test/types'], concurrency: 2, timeoutMs: 180_000 },
  process: { folders: ['test/process'], concurrency: 5, timeoutMs: 180_000, waits: true },
  apps: { folders: ['test/apps'], concurrency: 5, timeoutMs: 180_000, inNpmTest: false, waits: true },
  edge: { folders: ['test/edge'], concurrency: 5, timeoutMs: 180_000, inNpmTest: false, waits: true },
  frameworks: { folders: ['test/frameworks'], concurrency: 5, timeoutMs: 180_000, inNpmTest: false, waits: true },
  development: {
    folders: ['test/development'],
    concurrency: 4,
    timeoutMs: 240_000,
    inNpmTest: false,
    waits: true,
  },
  supervision: { folders: ['test/supervision'], concurrency: 4, timeoutMs: 240_000, inNpmTest: false, waits: true },
  interop: { folders: ['test/interop'], concurrency: 2, timeoutMs: 240_000, inNpmTest: false },
  browser: { folders: ['test/browser'], concurrency: 1, timeoutMs: 180_000, inNpmTest: false },
  proxy: { folders: ['test/proxy'], concurrency: 1, timeoutMs: 180_000, inNpmTest: false },
  matrix: { folders: ['test/matrix'], concurrency: 3, timeoutMs: 600_000, inNpmTest: false, waits: true },
  e2e: { folders: ['test/e2e'], concurrency: 2, timeoutMs: 180_000 },
  docs: { folders: ['test/docs'], concurrency: 3, timeoutMs: 120_000 },
  repository: { folders: ['test/repository'], concurrency: 3, timeoutMs: 120_000, inNpmTest: false },
  examples: {
    folders: ['examples/*/test'],
    concurrency: 2,
    timeoutMs: 180_000,
    inNpmTest: false,
    loadedBy: 'tsx',
  },
}

/** The test files of a ring, as paths from the root. (Node 20 cannot find them by pattern.) */
export async function ringFiles(ring, root = ROOT) {
  const found = []
  for (const pattern of RINGS[ring].folders) {
    for (const folder of await expand(root, pattern)) found.push(...(await testFilesBelow(folder)))
  }
  return found.map((file) => relative(root, file)).sort()
}

async function expand(root, pattern) {
  const [before, after] = pattern.split('*')
  if (after === undefined) return [join(root, pattern)]
  const entries = await readdir(join(root, before), { withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isDirectory()).map((entry) => join(root, before, entry.name, after))
}

async function testFilesBelow(folder) {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries
    .filter((entry) => entry.isFile() && /\.test\.(ts|mts|mjs|js|cjs)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.includes(`${join('', 'node_modules', '')}`))
}
