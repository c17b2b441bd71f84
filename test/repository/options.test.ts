/**
 * No option is accepted and ignored: each, from each place that it can be given in, comes to be the setting that is acted
 * on, is refused where it has no use, and has a test that shows what it does, for services and for apps, in production and
 * in development mode, where there is one process and no supervisor.
 */
import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { type ExplainedValue, explainSettings } from '../../packages/core/src/cli/explain-settings.js'
import { OPTION_TAKERS, OPTIONS, type OptionRow } from '../../packages/core/src/config/options.js'
import { refuseUnused } from '../../packages/core/src/config/refuse-unused.js'
import { resolveServeSettings } from '../../packages/core/src/config/resolve-serve-settings.js'
import { unusedInDevelopment } from '../../packages/core/src/config/unused-in-development.js'

interface Sample {
  /** As a flag and a variable have it; undefined: a switch. */
  readonly text?: string
  /** As code and file have it. */
  readonly data: unknown
  /** What it cannot be without, in the same place. */
  readonly beside?: Readonly<Record<string, string>>
}

const PAIR = { sslCertfile: '/c.pem', sslKeyfile: '/k.pem' }
const same = (text: string, beside?: Sample['beside']): Sample => ({ text, data: text, ...(beside && { beside }) })

/** A value of each that is not its default. */
const SAMPLES: Readonly<Record<string, Sample>> = {
  port: { text: '4321', data: 4321 },
  host: same('::1'),
  uds: same('/run/app.sock'),
  udsMode: same('600', { uds: '/run/app.sock' }),
  backlog: { text: '17', data: 17 },
  apiWorkers: { text: '3', data: 3 },
  workers: { text: 'A=3', data: { A: 3 } },
  threaded: { data: true },
  developmentMode: { data: true },
  reload: { data: true },
  inspect: same('127.0.0.1:9230'),
  depends: { text: 'A=http://a.test', data: { A: 'http://a.test' } },
  only: same('A'),
  timeout: { text: '5', data: 5 },
  timeoutKeepAlive: { text: '5', data: 5 },
  timeoutGracefulShutdown: { text: '5', data: 5 },
  workingDir: same(tmpdir()),
  logLevel: same('debug'),
  logFormat: same('pretty'),
  accessLog: { data: true },
  name: same('shop'),
  instance: same('shop-a'),
  user: same('nobody'),
  group: same('nogroup'),
  envAllow: { text: 'A,B*', data: ['A', 'B*'] },
  pidfile: same('/run/app.pid'),
  admin: same('127.0.0.1:9000'),
  workerListen: same('unix:/run/{slot}.sock'),
  sslCertfile: same('/c.pem', { sslKeyfile: '/k.pem' }),
  sslKeyfile: same('/k.pem', { sslCertfile: '/c.pem' }),
  sslKeyfilePassword: same('hunter2', PAIR),
  sslCaCerts: same('/ca.pem', PAIR),
  sslClientCert: same('optional', { ...PAIR, sslCaCerts: '/ca.pem' }),
  sslCiphers: same('ECDHE-RSA-AES128-GCM-SHA256', PAIR),
  sslMinVersion: same('TLSv1.3', PAIR),
  systemRoutes: same('probes'),
  prefix: same('/ml'),
  trustProxy: { data: true },
  dryRun: { data: true },
  explain: { data: true },
}

/** Those that say where other settings are read: their own tests are in SHOWN_BY. */
const READERS = ['config', 'set']

type Proof = readonly [file: string, title: string]

function assertProof([name, title]: Proof): void {
  const file = `test/${name}.test.ts`
  assert.ok(existsSync(file), file)
  assert.ok(readFileSync(file, 'utf8').includes(title), `${file} has no test '${title}'`)
}

/** The test that shows what it does: where a service is served, and where an app is run. */
const SHOWN_BY: Readonly<Record<string, { readonly service?: Proof; readonly app?: Proof }>> = {
  port: {
    service: ['edge/listen', 'is refused to a second instance at once'],
    app: ['apps/run', 'gives the public socket for a port that the app insists on'],
  },
  host: {
    service: ['edge/address-options', 'may be an address of IPv6'],
    app: ['edge/address-options', 'may be an address of IPv6'],
  },
  uds: {
    service: ['edge/uds', 'serves on a Unix socket'],
    app: ['edge/uds', 'is taken by ekiben run, for the port that the app listens on'],
  },
  udsMode: {
    service: ['edge/uds', 'has the mode and the backlog that were asked for'],
    app: ['edge/uds', 'is taken by bootstrapProduction: '],
  },
  backlog: {
    service: ['edge/address-options', 'has the backlog that was asked for'],
    app: ['edge/address-options', 'has the backlog that was asked for'],
  },
  apiWorkers: {
    service: ['process/start', 'boots the entry workers it knows of side by side'],
    app: ['apps/run', 'gives every worker the one socket'],
  },
  workers: {
    service: ['process/start', 'boots the entry workers it knows of side by side'],
    app: ['apps/bootstrap', 'starts what is asked for after such a call, before it accepts'],
  },
  threaded: {
    service: ['process/threads', 'share one process apart from the supervisor'],
    app: ['process/threads', 'are nothing that run knows'],
  },
  developmentMode: {
    service: ['process/development', 'runs a service and what it depends on in one process'],
    app: ['development/hosts', 'is one process without reload, where NODE_ENV is production too'],
  },
  reload: {
    service: ['development/reload', 'takes a saved file into service'],
    app: ['development/hosts', 'restarts one that nobody changed'],
  },
  inspect: {
    service: ['development/debugger', 'finds the same address after each restart'],
    app: ['development/debugger', 'attaches to the process that runs the code of'],
  },
  depends: { service: ['process/remote-serve', 'can be given by variable, file and code'] },
  only: { service: ['process/remote-serve', 'make the one that is served alone the entry'] },
  timeout: { service: ['process/graph-calls', "['--timeout', '1.5']"] },
  timeoutKeepAlive: {
    service: ['edge/address-options', 'keeps an idle connection for as long as was asked for'],
    app: ['apps/run', "leaves the app's own keep-alive limit, unless another is given"],
  },
  timeoutGracefulShutdown: {
    service: ['process/stop', 'cuts what is not done at the deadline, says what, and exits 7'],
    app: ['apps/app-options', 'cuts what is not answered when its time is up'],
  },
  workingDir: {
    service: ['edge/uds', 'a path that counts from the current folder'],
    app: ['apps/app-options', 'runs an app from another folder'],
  },
  config: {
    service: ['process/cli-usage', 'names an unknown key, with the file and near names'],
    app: ['apps/app-options', 'reads a file for an app'],
  },
  set: {
    service: ['edge/edge-options', '--set'],
    app: ['apps/app-options', 'reads a file for an app'],
  },
  logLevel: {
    service: ['apps/app-options', 'writes as it is told'],
    app: ['apps/app-options', 'writes as it is told'],
  },
  logFormat: {
    service: ['apps/app-options', 'writes as it is told'],
    app: ['apps/app-options', 'writes as it is told'],
  },
  accessLog: { service: ['process/log-fields', 'and in the access log'] },
  name: {
    service: ['apps/app-options', 'goes by the name that it was given'],
    app: ['apps/app-options', 'goes by the name that it was given'],
  },
  instance: {
    service: ['apps/app-options', 'goes by the name that it was given'],
    app: ['apps/app-options', 'goes by the name that it was given'],
  },
  user: {
    service: ['supervision/drop-user', 'make workers run as somebody else'],
    app: ['apps/app-options', 'has workers of another user and group, with what they may inherit'],
  },
  group: {
    service: ['supervision/drop-user', 'take ids too, and a group of its own'],
    app: ['apps/app-options', 'has workers of another user and group, with what they may inherit'],
  },
  envAllow: {
    service: ['process/environment', 'is of its own service alone, with what the configuration adds'],
    app: ['apps/app-options', 'has workers of another user and group, with what they may inherit'],
  },
  pidfile: {
    service: ['supervision/pidfile', 'holds the number of the supervisor while it runs'],
    app: ['apps/app-options', 'has a pidfile and an admin address'],
  },
  admin: {
    service: ['supervision/admin', 'serves probes and status by the supervisor'],
    app: ['apps/app-options', 'has a pidfile and an admin address'],
  },
  workerListen: { app: ['apps/worker-listen', 'worker-listen'] },
  sslCertfile: {
    service: ['edge/tls', 'says so in its address, answers apis and probes'],
    app: ['apps/tls-apps', 'sees that its requests are encrypted'],
  },
  sslKeyfile: {
    service: ['edge/tls', 'says so in its address, answers apis and probes'],
    app: ['apps/tls-apps', 'sees that its requests are encrypted'],
  },
  sslKeyfilePassword: {
    service: ['edge/tls', 'takes the password of its key'],
    app: ['apps/tls-apps', 'sslKeyfilePassword'],
  },
  sslCaCerts: { service: ['edge/tls', 'are refused without one'], app: ['edge/tls', 'are refused without one'] },
  sslClientCert: {
    service: ['edge/tls', 'may do without where that is said'],
    app: ['edge/tls', 'may do without where that is said'],
  },
  sslCiphers: {
    service: ['edge/tls', 'speaks no version below the least, and no cipher but those named'],
    app: ['edge/tls', 'speaks no version below the least, and no cipher but those named'],
  },
  sslMinVersion: {
    service: ['edge/tls', 'speaks no version below the least, and no cipher but those named'],
    app: ['edge/tls', 'speaks no version below the least, and no cipher but those named'],
  },
  systemRoutes: { service: ['edge/edge-options', ': probes answer '] },
  prefix: { service: ['edge/edge-options', 'is what the paths of apis begin with'] },
  trustProxy: { service: ['edge/edge-options', 'takes the word of a proxy on its client'] },
  dryRun: {
    service: ['process/start', 'prints the plan of a dry run and starts nothing'],
    app: ['apps/app-options', 'shows the plan of an app'],
  },
  explain: {
    service: ['process/cli-usage', 'says with --explain where each value comes from'],
    app: ['apps/app-options', 'shows the plan of an app'],
  },
}

/** Started in each of the ways that development mode has: by command, in code, with and without a process of its own. */
const ALL_WAYS: Proof = ['process/development-options', 'act, or are warned of']
const WAYS_FILES = ['test/process/development-options.test.ts', 'test/helpers/development-ways.ts']
const DRY: Proof = ['process/development-options', 'is shown by a dry run']
const IN_PART: Proof = ['process/development-options', 'has a part elsewhere, and is served in part']

/** The same of those that have an effect in development mode. Default: ALL_WAYS, where the option is named. */
const SHOWN_IN_DEVELOPMENT: Readonly<Record<string, { readonly service?: Proof; readonly app?: Proof }>> = {
  uds: {
    service: ['process/development-options', 'is served on a Unix socket'],
    app: ['edge/uds', "['supervised', 'one process'] as const"],
  },
  udsMode: {
    service: ['process/development-options', 'is served on a Unix socket'],
    app: ['edge/uds', "['supervised', 'one process'] as const"],
  },
  developmentMode: SHOWN_BY.developmentMode ?? {},
  reload: SHOWN_BY.reload ?? {},
  inspect: {
    service: ['development/hosts', 'attaches to the process that runs the code'],
    app: ['development/hosts', 'attaches to the process that runs the code'],
  },
  depends: { service: IN_PART },
  only: { service: IN_PART },
  dryRun: { service: DRY, app: DRY },
  explain: { service: DRY, app: DRY },
}

describe('the table of options', () => {
  let cwd = ''
  before(async () => {
    cwd = await mkdtemp(join(tmpdir(), 'ekb-'))
  })
  after(() => rm(cwd, { recursive: true }))

  async function inPlace(place: 'flag' | 'variable' | 'code' | 'file', row: OptionRow, sample: Sample) {
    const { text = true, data, beside = {} } = sample
    const given = { ...beside, [row.key]: data }
    const rowOf = (key: string) => OPTIONS.find((each) => each.key === key) as OptionRow
    const env = Object.entries({ ...beside, [row.key]: String(text) }).map(([key, value]) => [rowOf(key).env, value])
    if (place === 'file') await writeFile(join(cwd, 'ekiben.config.json'), JSON.stringify(given))
    const settings = await resolveServeSettings({
      flags: place === 'flag' ? { ...beside, [row.key]: text } : undefined,
      env: place === 'variable' ? Object.fromEntries(env) : undefined,
      code: place === 'code' ? given : undefined,
      readFile: place === 'file',
      cwd,
      terminal: false,
    })
    if (place === 'file') await rm(join(cwd, 'ekiben.config.json'))
    return settings
  }

  const placesOf = ({ places, secret }: OptionRow) =>
    (['flag', 'variable', 'code', 'file'] as const).filter((place) => {
      if (place === 'flag') return secret !== true
      return place === 'variable' || places.includes(place)
    })
  const SOURCES = { flag: 'flag --', variable: 'variable EKIBEN_', code: 'options in code', file: 'file ' }

  for (const row of OPTIONS.filter(({ key }) => !READERS.includes(key))) {
    it(`${row.key}: comes to be a setting, from each place that it can be given in`, async () => {
      const sample = SAMPLES[row.key]
      assert.ok(sample !== undefined, `no sample of ${row.key}: add one, and the tests that show what it does`)
      for (const place of placesOf(row)) {
        const settings = await inPlace(place, row, sample)
        const source = Object.entries(settings.sources).find(([path]) => path.split('.')[0] === row.key)
        const others = Object.entries(settings.sources).filter(([, from]) => from !== 'default')
        assert.ok(
          others.some(([path, from]) => path.split('.')[0] === row.key && from.startsWith(SOURCES[place])),
          `${row.key} from ${place}: ${source}`,
        )
        if (row.key === 'dryRun' || row.key === 'explain') {
          assert.equal(settings[row.key], true)
          continue
        }
        const shown = explainSettings(settings)
        const at = (shown[row.msKey ?? row.key] ?? shown[row.key]) as Record<string, unknown>
        const value = (at.source === undefined ? Object.values(at)[0] : at) as ExplainedValue
        assert.ok(value.source.startsWith(SOURCES[place]), `${row.key} from ${place}: ${value.source}`)
        assert.ok(value.value !== null && value.value !== undefined, `${row.key} from ${place} is lost`)
      }
    })
  }

  for (const { key, takenBy = OPTION_TAKERS } of OPTIONS) {
    it(`${key}: has a test that shows what it does, and is refused where it has no use`, () => {
      for (const taker of OPTION_TAKERS) {
        const refuse = () => refuseUnused({ [key]: 'flag x' }, taker)
        if (!takenBy.includes(taker)) {
          assert.throws(refuse, { code: 'EKB_ERR_CONFIG_UNUSED' })
          continue
        }
        refuse()
        const kind = taker === 'serve' || taker === 'serveHttpProduction' ? 'service' : 'app'
        const proof = SHOWN_BY[key]?.[kind]
        assert.ok(proof !== undefined, `nothing shows what ${key} does for ${taker}`)
        assertProof(proof)
      }
    })
  }

  for (const { key, takenBy = OPTION_TAKERS, needs } of OPTIONS) {
    it(`${key}: has a test that shows what it does in development mode, or is told to have no effect there`, () => {
      for (const taker of OPTION_TAKERS.filter((each) => takenBy.includes(each))) {
        const kind = taker === 'serve' || taker === 'serveHttpProduction' ? 'service' : 'app'
        const run = { isApp: kind === 'app', isApart: true, entry: undefined }
        const told = unusedInDevelopment({ [key]: 'file x' }, run).map(({ path }) => path)
        assert.deepEqual(told, needs === 'pools' ? [key] : [])
        if (needs !== 'pools') assertDevelopmentProof(key, kind)
      }
    })
  }

  function assertDevelopmentProof(key: string, kind: 'service' | 'app'): void {
    const own = SHOWN_IN_DEVELOPMENT[key]
    assertProof(own === undefined ? ALL_WAYS : (own[kind] ?? assert.fail(`nothing shows what ${key} does for ${kind}`)))
    if (own !== undefined) return
    const names = WAYS_FILES.map((file) => readFileSync(file, 'utf8')).join('')
    const named = OPTIONS.find((row) => row.key === key) as OptionRow
    const spellings = [key, named.env, `--${named.flag}'`]
    assert.ok(
      spellings.some((name) => names.includes(name)),
      `${ALL_WAYS[0]} gives no ${key}: nothing shows that it acts in development mode`,
    )
  }

  it('has a sample and a proof for nothing else', () => {
    const keys = new Set(OPTIONS.map(({ key }) => key))
    for (const key of [SAMPLES, SHOWN_BY, SHOWN_IN_DEVELOPMENT].flatMap(Object.keys)) assert.ok(keys.has(key), key)
  })
})
