import assert from 'node:assert/strict'
import { readdir, readFile } from 'node:fs/promises'
import { dirname, join, relative } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { npmScript } from '../helpers/npm-script.js'
import { type InstalledProject, installProject, type PackedPackages, packPackages } from '../helpers/packed-project.js'
import { call } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'
import { matrixNodes } from '../helpers/user-project.js'

/** How `npm start` ends at SIGTERM: Nest raises the signal anew when it has closed. */
const APPS = { express: 0, fastify: 0, nest: null }
/** What they serve. */
const SHOWN = 'text-classifier'
const MESSAGE = { text: 'My parcel should have come on Friday, and I am getting angry.' }

describe('the examples, with packed archives in place of the packages beside them', () => {
  let packed: PackedPackages
  let project: InstalledProject
  before(async () => {
    packed = await packPackages(['express-adapter', 'fastify-plugin', 'nest-module'])
    const examples = await Promise.all([...Object.keys(APPS), SHOWN].map((name) => sourcesOf(join('examples', name))))
    const files = Object.assign({ 'package.json': { workspaces: ['examples/*'] } }, ...examples)
    project = await installProject(files, { ...packed.archives, ...dependenciesOf(files) })
  })
  after(async () => {
    await project[Symbol.asyncDispose]()
    await packed[Symbol.asyncDispose]()
  })

  for (const [name, exitCode] of Object.entries(APPS)) {
    test(`npm start serves that for ${name}, which a route of the app calls`, async () => {
      for (const program of await matrixNodes()) {
        await using server = await startServing([npmScript(), 'start'], {
          cwd: join(project.path, 'examples', name),
          program,
          env: { PORT: '0', PATH: `${dirname(program)}:${process.env.PATH}` },
          urlOf: (line) => /^curl -s (http:\S+)\/tickets /.exec(line)?.[1],
        })
        const { status, body } = await call(server.url, 'tickets', MESSAGE)
        assert.deepEqual({ status, body }, { status: 201, body: { queue: 'delivery', urgent: true } })
        assert.equal((await call<{ label: string }>(server.url, 'ml/classify', MESSAGE)).body.label, 'delivery')
        assert.equal(await server.stop(), exitCode)
      }
    })
  }
})

/** The files of an example but its tests, which belong to this repository. */
async function sourcesOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !/^(node_modules|test)\//.test(relative(folder, file)))
  return Object.fromEntries(await Promise.all(files.map(async (file) => [file, await readFile(file, 'utf8')])))
}

/** What the examples need of others: at the root, so that there is one of each, as there has to be of Nest. */
function dependenciesOf(files: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const manifests = Object.entries(files).filter(([file]) => /^examples\/[^/]+\/package\.json$/.test(file))
  const all = manifests.flatMap(([, text]) => Object.entries<string>(JSON.parse(text).dependencies))
  return Object.fromEntries(all.filter(([name]) => !name.startsWith('@ekiben/')))
}
