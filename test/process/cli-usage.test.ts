import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { OPTIONS } from '../../packages/core/src/config/options.js'
import { projectFolder } from '../helpers/project-folder.js'
import { type RunNodeOptions, runNodeToEnd } from '../helpers/run-node.js'
import { EKIBEN, SERVICES } from '../helpers/serve-fixture.js'

const ekiben = (args: readonly string[], options: RunNodeOptions = {}) =>
  runNodeToEnd([EKIBEN, ...args], { cwd: SERVICES, ...options })

async function folderWith(t: TestContext, files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ekb-cli-'))
  t.after(() => rm(folder, { recursive: true }))
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
  return folder
}

describe('ekiben --version', () => {
  it('prints the version of the package, after any command', async () => {
    const manifest = await readFile(new URL('../../packages/core/package.json', import.meta.url), 'utf8')
    const version = `${(JSON.parse(manifest) as { version: string }).version}\n`
    for (const args of [['--version'], ['-V'], ['serve', '--version'], ['graph', '--version']]) {
      assert.deepEqual(await ekiben(args), { code: 0, signal: null, stdout: version, stderr: '' })
    }
  })
})

describe('ekiben --help', () => {
  it('lists the commands', async () => {
    const { code, stdout, stderr } = await ekiben(['--help'])
    assert.deepEqual([code, stderr], [0, ''])
    assert.match(stdout, /^ {2}serve .*\n[\s\S]*^ {2}graph /m)
  })

  for (const command of ['serve', 'run'] as const) {
    it(`shows each flag that ${command} has a use for, and no other, with its variable and default`, async () => {
      const { code, stdout } = await ekiben([command, '--help'])
      assert.equal(code, 0)
      const words = stdout.replace(/\s+/g, ' ')
      for (const { flag, env, defaultText, defaultOf = {}, secret, takenBy = [command], noFlagOf = [] } of OPTIONS) {
        const isTaken = takenBy.includes(command) && !noFlagOf.includes(command)
        assert.equal(words.includes(` --${flag} `), isTaken && secret !== true, flag)
        if (secret === true) assert.ok(words.includes(env), env)
        else assert.equal(words.includes(`(default: ${defaultOf[command] ?? defaultText}; env: ${env})`), isTaken, flag)
      }
    })
  }

  it('is that of each command, which also says its version', async () => {
    const [, listed = ''] = (await ekiben(['--help'])).stdout.split('\nCommands:\n')
    const commands = [...listed.matchAll(/^ {2}(\w+)/gm)].map(([, name = '']) => name).filter((name) => name !== 'help')
    const known = ['call', 'dump', 'graph', 'ps', 'reload', 'restart', 'run', 'scale', 'serve', 'stop']
    assert.deepEqual(commands.toSorted(), known)
    const version = (await ekiben(['--version'])).stdout
    for (const command of commands) {
      const help = await ekiben([command, '--help'])
      assert.deepEqual([help.code, help.stderr], [0, ''], command)
      assert.match(help.stdout, new RegExp(`^Usage: ekiben ${command} .*\n`))
      assert.match(help.stdout, /^ {2}-h, --help +print this help$/m)
      for (const args of [
        [command, '-h'],
        ['help', command],
      ])
        assert.deepEqual(await ekiben(args), help)
      assert.deepEqual(await ekiben([command, '--version']), { ...help, stdout: version })
    }
  })

  it('shows the flags of graph', async () => {
    const { code, stdout } = await ekiben(['graph', '--help'])
    assert.equal(code, 0)
    assert.match(stdout, /--json[\s\S]*--working-dir[\s\S]*EKIBEN_WORKING_DIR/)
  })
})

describe('a command line that cannot be', () => {
  const serve = (...args: string[]) => ['serve', 'diamond.mjs', ...args]
  const CASES: readonly (readonly [readonly string[], string, RegExp])[] = [
    [serve('--prot', '1'), 'EKB_ERR_CLI_USAGE', /Unknown option '--prot'\n.*Did you mean --port\?/],
    [serve('--api-worker=2'), 'EKB_ERR_CLI_USAGE', /Did you mean --api-workers/],
    [['sevre'], 'EKB_ERR_CLI_USAGE', /Unknown command 'sevre'\n.*Did you mean serve\?/],
    [[], 'EKB_ERR_CLI_USAGE', /No command was given/],
    [serve('other'), 'EKB_ERR_CLI_USAGE', /Too many arguments/],
    [serve('--port'), 'EKB_ERR_CLI_USAGE', /'-p, --port <N>' argument missing/],
    [serve('--explain'), 'EKB_ERR_CLI_USAGE', /--dry-run/],
    [['graph', '--port', '1'], 'EKB_ERR_CLI_USAGE', /Unknown option '--port'/],
    [serve('--port', 'abc'), 'EKB_ERR_CONFIG_INVALID', /'port' \(flag --port\) is 'abc'; expected a whole number/],
    [serve('-p', '65536'), 'EKB_ERR_CONFIG_INVALID', /from 0 to 65535/],
    [serve('--api-workers', '0'), 'EKB_ERR_CONFIG_INVALID', /or 'cpu'/],
    [serve('--workers', 'Left'), 'EKB_ERR_CONFIG_INVALID', /expected NAME=N/],
    [serve('--timeout', '-1'), 'EKB_ERR_CONFIG_INVALID', /seconds above 0/],
    [serve('--log-level', 'loud'), 'EKB_ERR_CONFIG_INVALID', /one of trace, debug/],
    [serve('--working-dir', 'nowhere'), 'EKB_ERR_CONFIG_INVALID', /a folder that exists/],
    [serve('--config', 'nowhere.json'), 'EKB_ERR_CONFIG_LOAD_FAILED', /ENOENT/],
    [serve('--set', 'prot=1'), 'EKB_ERR_CONFIG_UNKNOWN', /Did you mean port\?/],
    [serve('--set', 'Left.worker=1'), 'EKB_ERR_CONFIG_UNKNOWN', /Did you mean Left\.workers\?/],
  ]
  for (const [args, code, message] of CASES) {
    it(`ekiben ${args.join(' ')}: ${code}`, async () => {
      const run = await ekiben(args)
      assert.equal(run.code, 2, run.stderr)
      assert.equal(run.stdout, '')
      assert.match(run.stderr, new RegExp(`^${code}: `, 'm'))
      assert.match(run.stderr, message)
      assert.match(run.stderr, /^ {2}hint: /m)
      assert.doesNotMatch(run.stderr, /^ +at /m)
    })
  }
})

describe('configuration', () => {
  it('names an unknown key, with the file and near names', async (t) => {
    const cwd = await folderWith(t, { 'ekiben.config.json': '{"prot": 1}' })
    const { code, stderr } = await ekiben(['serve'], { cwd })
    assert.equal(code, 2)
    assert.match(stderr, /^EKB_ERR_CONFIG_UNKNOWN: Unknown setting 'prot' \(file ekiben\.config\.json\)\n.*mean port\?/)
  })

  it('shows the error of a file in code once, with its own stack', async (t) => {
    const cwd = await folderWith(t, { 'ekiben.config.mjs': 'console.log("noise")\nthrow new TypeError("bad luck")' })
    const { code, stdout, stderr } = await ekiben(['serve'], { cwd })
    assert.deepEqual([code, stdout], [2, ''])
    assert.match(stderr, /^EKB_ERR_CONFIG_LOAD_FAILED: .*ekiben\.config\.mjs could not be read: bad luck$/m)
    assert.equal(stderr.match(/ekiben\.config\.mjs:2:7/g)?.length, 1)
  })

  it('names an impossible variable', async () => {
    const { code, stderr } = await ekiben(['serve', 'diamond.mjs'], { env: { EKIBEN_BACKLOG: 'deep' } })
    assert.equal(code, 2)
    assert.match(stderr, /^EKB_ERR_CONFIG_INVALID: Setting 'backlog' \(variable EKIBEN_BACKLOG\) is 'deep'/)
  })
})

describe('ekiben serve --dry-run', () => {
  it('prints the plan and nothing else, with what flags, variables and file set, and no secret', async (t) => {
    const config = { backlog: 7, services: { Left: { env: { API_KEY: 'hunter2', MODEL: 'small' } } } }
    const folder = await folderWith(t, { 'my.json': JSON.stringify(config) })
    const args = ['serve', 'diamond.mjs:Top', '--dry-run', '--config', join(folder, 'my.json'), '--workers', 'Left=3']
    const { code, stdout, stderr } = await ekiben(args, { env: { EKIBEN_PORT: '4321', EKIBEN_API_WORKERS: '2' } })
    assert.equal(code, 0, stderr)
    const plan = JSON.parse(stdout)
    assert.deepEqual(plan.address, { host: '0.0.0.0', port: 4321, backlog: 7 })
    const byName = new Map<string, { workers: number; env: object }>(
      plan.services.map((service: { name: string }) => [service.name, service]),
    )
    assert.deepEqual([byName.get('Top')?.workers, byName.get('Left')?.workers, byName.get('Right')?.workers], [2, 3, 1])
    assert.deepEqual(byName.get('Left')?.env, { API_KEY: '[redacted]', MODEL: 'small' })
    assert.doesNotMatch(stdout, /hunter2/)
  })

  it('says with --explain where each value comes from', async () => {
    const args = ['serve', 'diamond.mjs:Top', '--dry-run', '--explain', '--port', '1', '--set', 'Left.env.A_TOKEN=x']
    const { code, stdout, stderr } = await ekiben(args, { env: { EKIBEN_HOST: '127.0.0.1', PORT: '9' } })
    assert.equal(code, 0, stderr)
    const { entry, settings } = JSON.parse(stdout)
    assert.equal(entry, 'Top')
    assert.deepEqual(settings.port, { value: 1, source: 'flag --port' })
    assert.deepEqual(settings.host, { value: '127.0.0.1', source: 'variable EKIBEN_HOST' })
    assert.deepEqual(settings.backlog, { value: 2048, source: 'default' })
    assert.deepEqual(settings.services.Left.env.A_TOKEN, { value: '[redacted]', source: 'flag --set' })
  })

  it('says with --explain what comes from a service itself, and what is set over it from which place', async () => {
    const service = `
      import { defineService } from '@ekiben/core'
      const declared = { workers: 2, threads: true, maxRequests: 2, surge: 2, minReadyMs: 2, prestopDelayMs: 2 }
      export const Front = defineService(class Front { work() {} }, { apis: { work: {} }, ...declared })`
    // Each of them in one place more.
    const file = { threaded: false, apiWorkers: 3, services: { Front: { surge: 3, minReadyMs: 3, prestopDelayMs: 3 } } }
    await using project = await projectFolder({ 'service.mjs': service, 'ekiben.config.json': file })
    const env = { EKIBEN_SET: 'Front.minReadyMs=4;Front.prestopDelayMs=4', EKIBEN_API_WORKERS: '4' }
    const flags = ['--set', 'Front.prestopDelayMs=5', '--api-workers', '5', '--no-threaded']
    const run = await ekiben(['serve', 'service', '--dry-run', '--explain', ...flags], { cwd: project.path, env })
    assert.equal(run.code, 0, run.stderr)
    const { settings, services } = JSON.parse(run.stdout)
    const { Front } = settings.services
    assert.deepEqual(Front.maxAgeMs, { value: 0, source: 'default' })
    assert.deepEqual(Front.maxRequests, { value: 2, source: "service 'Front'" })
    assert.deepEqual(Front.surge, { value: 3, source: 'file ekiben.config.json' })
    assert.deepEqual(Front.minReadyMs, { value: 4, source: 'variable EKIBEN_SET' })
    assert.deepEqual(Front.prestopDelayMs, { value: 5, source: 'flag --set' })
    assert.deepEqual(Front.workers, { value: 5, source: 'flag --api-workers' })
    assert.deepEqual(Front.threads, { value: false, source: 'flag --threaded' })
    const [{ workers, threads, supervision }] = services
    const { maxRequests, surge, minReadyMs, prestopDelayMs } = supervision
    assert.deepEqual([workers, threads], [5, false])
    assert.deepEqual([maxRequests, surge, minReadyMs, prestopDelayMs], [2, 3, 4, 5])
  })
})

describe('ekiben graph', () => {
  it('prints the tree, or JSON, from any folder', async () => {
    const tree = await ekiben(['graph', 'diamond.mjs:Top', '--working-dir', SERVICES], { cwd: tmpdir() })
    assert.deepEqual([tree.code, tree.stderr], [0, ''])
    assert.match(tree.stdout, /^Top\b[\s\S]*Left[\s\S]*Bottom/)
    const json = await ekiben(['graph', 'diamond.mjs:Top', '--json'])
    const { entry, nodes } = JSON.parse(json.stdout)
    assert.deepEqual([entry, nodes.length, nodes.at(-1).name], ['Top', 4, 'Top'])
  })

  it('does not mind a reader that leaves early', async () => {
    const command = '"$0" "$1" serve --help | head -c 1 >/dev/null; exit $PIPESTATUS'
    const child = spawn('bash', ['-c', command, process.execPath, EKIBEN], { stdio: ['ignore', 'ignore', 'inherit'] })
    const [code] = await once(child, 'exit')
    assert.equal(code, 0)
  })
})
