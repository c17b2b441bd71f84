import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

const SERVICE = `import { defineService } from '@ekiben/core'
import { words } from './words.js'
export const Greeter = defineService(class Greeter { async greet() { return { words } } }, { apis: { greet: {} } })
`
const SERVER = `import { createServer } from 'node:http'
import { words } from './words.js'
const server = createServer((request, response) => {
  request.resume().on('end', () => response.setHeader('content-type', 'application/json').end(JSON.stringify({ words })))
})
server.listen(Number(process.env.PORT), '127.0.0.1')
`

/** The file with the words that are answered. */
export function wordsFile(extension, text) {
  return extension === 'ts' ? `export const words: string = '${text}'\n` : `export const words = '${text}'\n`
}

/** The same app twice in a folder of its own, as a service and as a plain server: JavaScript (js) or TypeScript (ts). */
export async function makeProject(extension) {
  const path = await realpath(await mkdtemp(join(tmpdir(), 'ekb-reload-')))
  const files = {
    'package.json': '{ "name": "greeter", "type": "module" }',
    [`service.${extension}`]: SERVICE,
    [`server.${extension}`]: SERVER,
    [`words.${extension}`]: wordsFile(extension, 'first'),
  }
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text)
  for (const [name, target] of [
    ['@ekiben/core', 'packages/core'],
    ['tsx', 'node_modules/tsx'],
  ]) {
    const link = join(path, 'node_modules', name)
    await mkdir(dirname(link), { recursive: true })
    await symlink(join(ROOT, target), link)
  }
  const save = (text) => writeFile(join(path, `words.${extension}`), wordsFile(extension, text))
  return { path, save, remove: () => rm(path, { recursive: true, force: true }) }
}
