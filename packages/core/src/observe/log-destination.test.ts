import assert from 'node:assert/strict'
import { execFileSync, type StdioOptions, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  closeSync,
  constants,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { pathToFileURL } from 'node:url'
import { LogDestination } from './log-destination.js'

const LINE = `${'x'.repeat(1023)}\n`
const MEGABYTE_OF_LINES = 1024

/** A pipe of which nobody reads until `read` is called. */
function stalledPipe(t: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'ekb-log-'))
  const path = join(folder, 'pipe')
  execFileSync('mkfifo', [path])
  const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const writer = openSync(path, constants.O_WRONLY)
  let readerOpen = true
  const closeReader = () => {
    if (readerOpen) closeSync(reader)
    readerOpen = false
  }
  t.after(() => {
    closeReader()
    closeSync(writer)
    rmSync(folder, { recursive: true })
  })
  const buffer = Buffer.alloc(64 * 1024)
  const read = () => {
    try {
      return buffer.toString('utf8', 0, readSync(reader, buffer))
    } catch (error) {
      assert.equal((error as NodeJS.ErrnoException).code, 'EAGAIN')
      return ''
    }
  }
  return { writer, read, closeReader }
}

/** Runs a script that finds `createLogger` and `flushLogs` in place. */
function run<T extends StdioOptions>(script: string, stdio: T) {
  const load = `const { createLogger, flushLogs } = require(${JSON.stringify(join(__dirname, 'create-logger.ts'))})`
  return spawn(process.execPath, ['--require', 'tsx/cjs', '-e', `${load}\n${script}`], { stdio })
}

describe('LogDestination', () => {
  it('writes a file at once', (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'ekb-log-'))
    const path = join(folder, 'log')
    const fd = openSync(path, 'w')
    t.after(() => {
      closeSync(fd)
      rmSync(folder, { recursive: true })
    })
    const destination = new LogDestination(fd)
    destination.write('one\n')
    destination.write('two\n')
    assert.equal(readFileSync(path, 'utf8'), 'one\ntwo\n')
  })

  const linux = { skip: process.platform === 'linux' ? false : 'pipes are opened anew through /proc' }

  it('keeps up to 8 MiB for a stalled reader, counts the rest, and says so once it reads again', linux, async (t) => {
    const { writer, read } = stalledPipe(t)
    const destination = new LogDestination(writer)
    let dropped = 0
    destination.onDropped = (count) => {
      dropped += count
      destination.write('END\n')
    }
    const count = 10 * MEGABYTE_OF_LINES
    for (let sent = 0; sent < count; sent++) destination.write(LINE)
    let received = ''
    while (!received.endsWith('END\n')) {
      const chunk = read()
      received += chunk
      if (chunk === '') await new Promise((resolve) => setImmediate(resolve))
    }
    const lines = received.split('\n').slice(0, -2)
    assert.ok(lines.every((line) => line.length === 1023))
    assert.equal(lines.length + dropped, count)
    assert.ok(lines.length >= 8 * MEGABYTE_OF_LINES, `${lines.length} lines kept`)
    assert.ok(dropped > MEGABYTE_OF_LINES, `${dropped} dropped`)
  })

  it('gives up flushing after the time given', linux, async (t) => {
    const { writer } = stalledPipe(t)
    const destination = new LogDestination(writer)
    for (let sent = 0; sent < MEGABYTE_OF_LINES; sent++) destination.write(LINE)
    // A timer that keeps the process alive meanwhile: the destination's own do not.
    const alive = setInterval(() => undefined, 1000)
    t.after(() => clearInterval(alive))
    await destination.flush(10)
  })

  it('outlives its reader', (t) => {
    const { writer, closeReader } = stalledPipe(t)
    const destination = new LogDestination(writer)
    closeReader()
    for (let sent = 0; sent < 3; sent++) destination.write(LINE)
    return destination.flush(1000)
  })

  it('lets a process with a stalled stdout end with its own code', linux, async (t) => {
    const { writer } = stalledPipe(t)
    const script = `
      const log = createLogger({ level: 'info', format: 'json' })
      for (let i = 0; i < 10_000; i++) log.info({ i, text: ${JSON.stringify(LINE)} })
      flushLogs(10).then(() => process.exit(7))`
    const child = run(script, ['ignore', writer, 'inherit'])
    const [code] = await once(child, 'exit')
    assert.equal(code, 7)
  })

  it('loses nothing to a reader that is only slow', async () => {
    const script = `
      const log = createLogger({ level: 'info', format: 'json' })
      for (let i = 0; i < 2000; i++) log.info({ i, text: ${JSON.stringify(LINE)} })
      flushLogs(60_000).then(() => {
        log.info({ i: 2000 })
        process.exit(0)
      })`
    // Node gives a child a socket here, which takes the other way of writing.
    const child = run(script, ['ignore', 'pipe', 'inherit'])
    let text = ''
    for await (const chunk of child.stdout ?? []) {
      text += chunk
      await new Promise((resolve) => setImmediate(resolve))
    }
    const numbers = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).i)
    assert.deepEqual(numbers, [...Array(2001).keys()])
  })
  it('loses nothing to an exit without a flush', async () => {
    const script = `
      const log = createLogger({ level: 'info', format: 'json' })
      for (let i = 0; i < 5; i++) log.info({ i })
      process.exit(0)`
    const child = run(script, ['ignore', 'pipe', 'inherit'])
    let text = ''
    for await (const chunk of child.stdout ?? []) text += chunk
    const numbers = text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).i)
    assert.deepEqual(numbers.sort(), [0, 1, 2, 3, 4])
  })
})

it('leaves the packages that are imported later where their links lead', async (t) => {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'ekb-links-')))
  t.after(() => rmSync(folder, { recursive: true }))
  mkdirSync(join(folder, 'node_modules'))
  for (const name of ['first', 'second']) {
    mkdirSync(join(folder, name))
    writeFileSync(join(folder, name, 'index.mjs'), 'export const at = import.meta.url')
    writeFileSync(join(folder, name, 'package.json'), JSON.stringify({ exports: './index.mjs' }))
    symlinkSync(join(folder, name), join(folder, 'node_modules', name))
  }
  const app = join(folder, 'app.mjs')
  writeFileSync(app, 'export const import_ = (name) => import(name)')
  const { import_ } = (await import(pathToFileURL(app).href)) as { import_: (name: string) => Promise<{ at: string }> }
  await import_('first')
  const { writer } = stalledPipe(t)
  new LogDestination(writer)
  const { at } = await import_('second')
  assert.equal(at, pathToFileURL(join(folder, 'second', 'index.mjs')).href)
})
