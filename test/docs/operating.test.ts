import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { OPTIONS } from '../../packages/core/src/config/options.js'
import { controlSocket, steer } from '../helpers/control-socket.js'
import { EKIBEN } from '../helpers/serve-fixture.js'
import { startServing } from '../helpers/serving-command.js'

const ROOT = join(import.meta.dirname, '../..')
const HELLO = join(ROOT, 'examples/hello')
const page = readFileSync(join(ROOT, 'docs/operating.md'), 'utf8')

interface Step {
  readonly args: readonly string[]
  readonly output: string
}

/** What the page types, and what it gets to see. */
const steps: Step[] = [...page.matchAll(/```console\n([\s\S]+?)```/g)]
  .flatMap(([, block = '']) => block.split(/^\$ npx ekiben /m).slice(1))
  .map((text) => ({ args: (text.split('\n', 1)[0] as string).split(' '), output: text.slice(text.indexOf('\n') + 1) }))

/** Figures and widths differ from run to run. */
const alike = (text: string) =>
  text
    .replaceAll(HELLO, '/srv/hello')
    .replace(/127\.0\.0\.1:\d+|(?<=pid )\d+/g, 'N')
    .replace(/(?<= {2})(\d+( ms| s| min| MB| %)?|-)(?= {2}|$)/gm, 'N')
    .replace(/ {2,}/g, '  ')

test('docs/operating.md shows what its commands do', async () => {
  const [serve, ...rest] = steps
  assert.ok(serve !== undefined && rest.length >= 5)
  const quiet = ['--port', '0', '--host', '127.0.0.1', '--log-format', 'json']
  await using server = await startServing([EKIBEN, ...serve.args, ...quiet], { cwd: HELLO })
  await controlSocket(server)
  for (const { args, output } of rest) {
    const { code, stdout, stderr } = await steer(server, args)
    assert.deepEqual([code, stderr], [0, ''], args.join(' '))
    assert.equal(alike(stdout), alike(output))
  }
  assert.equal((await server.exited).code, 0)
  await rm(join(HELLO, 'hello.pid'), { force: true })
})

test('docs/operating.md names each option as it is', () => {
  for (const key of ['admin', 'pidfile']) {
    const row = OPTIONS.find((option) => option.key === key)
    assert.ok(row !== undefined && page.includes(`## \`--${row.flag}\``))
  }
})
