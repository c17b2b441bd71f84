import { readFileSync } from 'node:fs'
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const SHOWN_URL = 'http://127.0.0.1:3000'

const text = readFileSync(join(ROOT, 'docs/bentoml.md'), 'utf8')

/** What docs/bentoml.md shows: files, what they print, and the rows of its tables by their cells. */
export const shownPage = { text, files: fences('file'), outputs: fences('output'), rows: rows() }

function fences(label: string): Map<string, string> {
  const found = text.matchAll(new RegExp(`^\`\`\`\\w+ ${label}=(\\S+)\\n(.*?)^\`\`\`$`, 'gms'))
  return new Map([...found].map(([, name = '', shown = '']) => [name, shown]))
}

function rows(): string[][] {
  const lines = text.split('\n').filter((line) => line.startsWith('|'))
  return lines.map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

export interface ShownFolder extends AsyncDisposable {
  readonly path: string
  /** Writes a file of the page, with another address in it. */
  write(name: string, url: string): Promise<void>
}

/** A folder with both services of the page, and the packages of this repository. Give it to `await using`. */
export async function shownFolder(): Promise<ShownFolder> {
  const path = await mkdtemp(join(tmpdir(), 'ekb-shown-'))
  const write = (name: string, url: string) =>
    writeFile(join(path, name), (shownPage.files.get(name) ?? '').replaceAll(SHOWN_URL, url))
  await writeFile(join(path, 'package.json'), '{ "name": "shown", "type": "module" }')
  await symlink(join(ROOT, 'node_modules'), join(path, 'node_modules'))
  await write('service.js', SHOWN_URL)
  await write('service.py', SHOWN_URL)
  return { path, write, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) }
}
