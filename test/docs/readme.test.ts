import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { access, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { runNodeToEnd } from '../helpers/run-node.js'
import { startServing } from '../helpers/serving-command.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const CLI = join(ROOT, 'packages/core/bin/ekiben.js')
const EXAMPLE = join(ROOT, 'examples/text-classifier')
const LOOPBACK = ['--port', '0', '--host', '127.0.0.1']

interface Block {
  readonly language: string
  readonly text: string
}

/** What README shows as one story: a file, the command that serves it, the request and its answer. */
interface Session {
  readonly source: Block | undefined
  readonly command: string
  readonly curl: string
  readonly answer: unknown
}

const readme = readFileSync(join(ROOT, 'README.md'), 'utf8')
const sessions = sessionsOf(blocksOf(readme))

test('README tells three stories: the example, the ten-line service and the graph', () => {
  assert.deepEqual(
    sessions.map(({ source, command }) => [source?.language, command.split(' ').slice(0, 4).join(' ')]),
    [
      [undefined, 'npm start'],
      ['js', 'npx ekiben serve service:Hello'],
      ['ts', 'npx ekiben serve service:Reader'],
    ],
  )
})

for (const session of sessions) {
  test(`README is true about: ${session.command}`, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ekb-readme-'))
    try {
      await checkSession(session, folder)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
}

test('the ten-line service is the one in examples/hello, and has ten lines', async () => {
  const shown = sessions[1]?.source?.text ?? ''
  assert.equal(shown, await readFile(join(ROOT, 'examples/hello/service.js'), 'utf8'))
  assert.equal(shown.trimEnd().split('\n').length, 10)
})

for (const file of [
  'README.md',
  'docs/README.md',
  'examples/text-classifier/README.md',
  'examples/hello/README.md',
  'examples/ocr/README.md',
]) {
  test(`${file} links to what is there`, async () => {
    const folder = join(ROOT, file, '..')
    for (const target of linksOf(await readFile(join(ROOT, file), 'utf8'))) await access(join(folder, target))
  })
}

test('docs/README.md lists every page', async () => {
  const linked = linksOf(await readFile(join(ROOT, 'docs/README.md'), 'utf8'))
  const pages = (await readdir(join(ROOT, 'docs'))).filter((page) => page.endsWith('.md'))
  assert.deepEqual(
    pages.filter((page) => page !== 'README.md' && !linked.includes(page)),
    [],
  )
})

test('README shows the graph as the command prints it', async () => {
  const { stdout, code } = await runNodeToEnd([CLI, 'graph', EXAMPLE], { cwd: ROOT })
  assert.equal(code, 0)
  assert.ok(readme.includes(`\`\`\`\n${stdout.trimEnd()}\n\`\`\``), stdout)
})

async function checkSession(session: Session, folder: string): Promise<void> {
  await using server = await serve(session, folder)
  const { status, body } = await send(session.curl, server.url)
  assert.equal(status, 200)
  assertAlike(body, session.answer)
  assert.equal(await server.stop(), 0)
}

async function serve({ source, command }: Session, folder: string) {
  if (command === 'npm start') {
    const urlOf = (line: string) => /^curl -s (http:\S+?)\/classify /.exec(line)?.[1]
    const server = await startServing(['start.mjs', ...LOOPBACK], { cwd: EXAMPLE, urlOf })
    const printed = server.stdout().replaceAll(server.url, 'http://127.0.0.1:3000')
    assert.ok(readme.includes(printed.split('\n').find((line) => line.startsWith('curl ')) ?? '?'), printed)
    return server
  }
  assert.ok(source, `no source before ${command}`)
  await writeFile(join(folder, `service.${source.language}`), source.text)
  await writeFile(join(folder, 'package.json'), '{ "name": "shown", "type": "module" }')
  await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
  const args = command.replace('--port 3000', '').split(/\s+/).slice(2)
  return startServing([CLI, ...args, ...LOOPBACK, '--log-format', 'json'], { cwd: folder })
}

async function send(curl: string, url: string): Promise<{ status: number; body: unknown }> {
  const parts = /^curl -s http:\/\/127\.0\.0\.1:3000(\/\S+) -H '([^:]+): ([^']+)' -d '(.+)'$/.exec(curl)
  assert.ok(parts, `a curl of another form: ${curl}`)
  const [, path, header = '', value = '', body] = parts
  const response = await fetch(`${url}${path}`, { method: 'POST', headers: { [header]: value }, body: body ?? '' })
  return { status: response.status, body: await response.json() }
}

/** The same fields; numbers may differ in their last digits between machines, so only to a hundredth. */
function assertAlike(actual: unknown, shown: unknown): void {
  const rounded = (_: string, value: unknown) => (typeof value === 'number' ? value.toFixed(2) : value)
  assert.deepEqual(JSON.parse(JSON.stringify(actual, rounded)), JSON.parse(JSON.stringify(shown, rounded)))
}

function sessionsOf(blocks: readonly Block[]): Session[] {
  const found: Session[] = []
  let source: Block | undefined
  let command = ''
  for (const [i, block] of blocks.entries()) {
    const text = block.text.trim()
    if (block.language === 'js' || block.language === 'ts') source = block
    else if (text.startsWith('npm start') || text.startsWith('npx ekiben serve')) command = text
    else if (text.startsWith('curl ')) {
      const next = blocks[i + 1]
      assert.equal(next?.language, 'json', `no answer after ${text}`)
      found.push({ source, command, curl: text, answer: JSON.parse(next.text) })
    }
  }
  return found
}

function blocksOf(markdown: string): Block[] {
  const fences = markdown.matchAll(/^```(\w+)\n(.*?)^```$/gms)
  return [...fences].map(([, language = '', text = '']) => ({ language, text }))
}

function linksOf(markdown: string): string[] {
  return [...markdown.matchAll(/\]\(([^)#]+)[^)]*\)/g)].map(([, target = '']) => target).filter((t) => !/^\w+:/.test(t))
}
