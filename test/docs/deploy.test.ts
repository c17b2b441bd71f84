import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { layerFromFlags } from '../../packages/core/src/config/layer-from-text.js'
import { OPTIONS, optionRow } from '../../packages/core/src/config/options.js'
import { drainBudgetMs } from '../../packages/core/src/supervisor/stop-budget.js'

const text = readFileSync(join(import.meta.dirname, '../../docs/deploy.md'), 'utf8')

function blocks(language: string): string[] {
  const found = [...text.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(
    ([, block = '']) => block,
  )
  assert.ok(found.length > 0, `docs/deploy.md has no block of ${language}`)
  return found
}

const [service = '', socket = ''] = blocks('ini')
const [dockerfile = ''] = blocks('dockerfile')
const [manifest = ''] = blocks('yaml')
const listBelow = (source: string, key: RegExp): string[] => JSON.parse(key.exec(source)?.[1] ?? '[]') as string[]

/** Each command that the page tells to run, as its words from `serve` on. */
const commands = [
  /^ExecStart=(.+)$/m.exec(service)?.[1]?.split(' ') ?? [],
  listBelow(dockerfile, /^CMD (\[.+\])$/m),
  listBelow(manifest, /^ +args: (\[.+\])$/m),
].map((words) => words.slice(words.indexOf('serve') + 1))

/** The flags of a command, by the key of their option. */
function flagsOf(command: readonly string[]): Record<string, string> {
  const flags: Record<string, string> = {}
  for (const [at, word] of command.entries()) {
    if (!word.startsWith('--')) continue
    const row = OPTIONS.find(({ flag }) => `--${flag}` === word)
    assert.ok(row !== undefined, `${word} is no option`)
    flags[row.key] = command[at + 1] ?? ''
  }
  return flags
}

const stopSeconds = (command: readonly string[]) =>
  Number(flagsOf(command).timeoutGracefulShutdown ?? Number(optionRow('timeoutGracefulShutdown').default) / 1000)

describe('docs/deploy.md', () => {
  it('shows commands that are accepted', () => {
    assert.equal(commands.length, 3)
    for (const command of commands) {
      assert.equal(command[0], 'service:TextClassifier')
      const { set, ...flags } = flagsOf(command)
      layerFromFlags({ ...flags, ...(set !== undefined && { set: [set] }) })
    }
  })

  it('gives every manager more time than the stop takes', () => {
    const [systemd = [], , kubernetes = []] = commands
    const stopLimit = Number(/^TimeoutStopSec=(\d+)$/m.exec(service)?.[1])
    assert.ok(stopLimit >= stopSeconds(systemd) + 5)
    const grace = Number(/terminationGracePeriodSeconds: (\d+)/.exec(manifest)?.[1])
    assert.ok(grace >= stopSeconds(kubernetes) + 5)
    assert.doesNotMatch(manifest, /preStop/)
    assert.ok(Number(/--stop-timeout (\d+)/.exec(text)?.[1]) >= stopSeconds([]) + 5)
  })

  it('has the shares of a stop as the code has them', () => {
    const rows = [...text.matchAll(/^\| (\d) \| (\d+) % \|$/gm)]
    assert.equal(rows.length, 5)
    for (const [, levels, percent] of rows) {
      assert.equal(Math.round(drainBudgetMs(10_000, Number(levels) - 1) / 100), Number(percent))
    }
  })

  it('probes routes that there are', () => {
    const routes = readFileSync(join(import.meta.dirname, '../../packages/core/src/http/system-routes.ts'), 'utf8')
    const probed = [...manifest.matchAll(/path: (\/\w+)/g)].map(([, path]) => path)
    assert.deepEqual(probed, ['/readyz', '/readyz', '/livez'])
    for (const path of probed) assert.ok(routes.includes(`'${path}'`), path)
  })

  it('says which exit codes are not tried again', () => {
    const prevented = /^RestartPreventExitStatus=(.+)$/m.exec(service)?.[1]?.split(' ')
    assert.deepEqual(prevented, ['2', '4'])
  })

  const hasAnalyze = spawnSync('systemd-analyze', ['--version']).error === undefined
  it('shows units that systemd accepts', { skip: !hasAnalyze && 'systemd-analyze is not installed' }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'ekb-units-'))
    try {
      // The program must exist where the unit is checked.
      const here = service.replace('/usr/bin/node', process.execPath)
      await writeFile(join(folder, 'classifier.service'), here)
      await writeFile(join(folder, 'classifier.socket'), socket)
      const verify = ['verify', join(folder, 'classifier.service'), join(folder, 'classifier.socket')]
      const { status, stderr } = spawnSync('systemd-analyze', verify, { encoding: 'utf8' })
      const complaints = stderr.split('\n').filter((line) => line.includes('classifier.'))
      assert.deepEqual([status, complaints], [0, []], stderr)
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
