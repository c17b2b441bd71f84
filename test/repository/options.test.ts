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
import { OPTION_TAKERS, OPTIONS, type OptionRow, type OptionTaker } from '../../packages/core/src/config/options.js'
import { refuseUnused } from '../../packages/core/src/config/refuse-unused.js'
import { resolveServeSettings } from '../../packages/core/src/config/resolve-serve-settings.js'
import { unusedInDevelopment } from '../../packages/core/src/config/unused-in-development.js'
import { givenInDevelopment } from '../helpers/development-ways.js'
import { IN_FILE, isService, productionOptions } from '../helpers/production-ways.js'

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
  appPort: { text: '4567', data: 4567 },
  ready: same('message'),
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
/** A test for each who takes it, or for both of a kind. */
type Shown = Readonly<Partial<Record<OptionTaker | 'service' | 'app', Proof>>>

const IT = /\bit\(\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)/g

function assertProof([name, title]: Proof): void {
  const file = `test/${name}.test.ts`
  assert.ok(existsSync(file), file)
  const titles = [...readFileSync(file, 'utf8').matchAll(IT)].map(([, ...quoted]) => quoted.join(''))
  assert.ok(
    titles.some((each) => each.includes(title)),
    `${file} has no test '${title}'`,
  )
}

const kindOf = (taker: OptionTaker) => (isService(taker) ? 'service' : 'app')
const proofFor = (shown: Shown | undefined, taker: OptionTaker) => shown?.[taker] ?? shown?.[kindOf(taker)]

/** Those that each taker is given at once, in production. */
const TOGETHER: Proof = ['edge/production-options', 'act, whatever NODE_ENV says']
const BESIDE = ['set', 'user', 'group']

function isGivenTogether(key: string, taker: OptionTaker): boolean {
  const given = productionOptions(taker, { path: '', file: (name) => name })
  return [...Object.keys(given), ...Object.keys(IN_FILE), ...BESIDE].includes(key)
}

const ON_SOCKET: Shown = {
  serve: ['edge/uds', 'has the mode and the backlog that were asked for'],
  run: ['edge/uds', 'is taken by ekiben run, for the port that the app listens on'],
  serveHttpProduction: ['edge/uds', 'is taken by serveHttpProduction'],
  bootstrapProduction: ['edge/uds', 'is taken by bootstrapProduction: '],
}
const IN_PART_PRODUCTION: Shown = {
  serve: ['process/remote-serve', 'make the one that is served alone the entry'],
  serveHttpProduction: ['process/remote-serve', 'hold from code, and through a reload'],
}
const SAVED: Proof = ['development/production', 'takes each save into service while']
const DEBUGGED: Proof = ['edge/production-options', 'have no debugger']
const CALLED_BY_APP: Proof = ['apps/app-options', 'calls threads, as many as are asked for']
const FOR_PEOPLE: Proof = ['edge/production-options', 'write lines for people, under the name alone']
const AS_TOLD: Proof = ['apps/app-options', 'writes as it is told']

/** What shows what it does in production, where it is not shown together with others, or not well. */
const SHOWN_BY: Readonly<Record<string, Shown>> = {
  // The default is shown at the same address as the one that is given there.
  host: {
    serve: ['edge/address-options', 'may be an address of IPv6'],
    serveHttpProduction: ['edge/address-options', 'is told in brackets in the url'],
    app: ['edge/address-options', 'may be an address of IPv6'],
  },
  uds: ON_SOCKET,
  udsMode: ON_SOCKET,
  workers: { app: CALLED_BY_APP },
  threaded: {
    serve: ['process/threads', 'share one process apart from the supervisor'],
    serveHttpProduction: ['supervision/threads', 'are as many as are asked for, for each service'],
    app: CALLED_BY_APP,
  },
  developmentMode: {
    serve: ['process/development', 'runs a service and what it depends on in one process'],
    run: ['development/hosts', 'restarts one that nobody changed'],
    serveHttpProduction: ['process/development', 'serves a class of the process that calls serveHttpProduction'],
    bootstrapProduction: ['development/hosts', 'is one process without reload, where NODE_ENV is production too'],
  },
  reload: { service: SAVED, app: SAVED },
  inspect: { service: DEBUGGED, app: DEBUGGED },
  depends: IN_PART_PRODUCTION,
  only: IN_PART_PRODUCTION,
  // It is the default where no terminal is.
  logFormat: { serve: AS_TOLD, run: AS_TOLD, serveHttpProduction: FOR_PEOPLE, bootstrapProduction: FOR_PEOPLE },
  name: {
    serve: ['apps/app-options', 'goes by the name that it was given'],
    serveHttpProduction: FOR_PEOPLE,
    app: TOGETHER,
  },
  workerListen: {
    run: ['apps/worker-listen', 'gives each worker an address of its own'],
    bootstrapProduction: ['apps/worker-listen', 'is an option of bootstrapProduction too'],
  },
  appPort: { run: ['apps/run', 'gives the public socket for a port that the app insists on'] },
  ready: { run: ['apps/run', 'takes the word of an app that says itself when it is ready'] },
  dryRun: {
    serve: ['process/start', 'prints the plan of a dry run and starts nothing'],
    run: ['apps/app-options', 'shows the plan of an app'],
  },
  explain: {
    serve: ['process/cli-usage', 'says with --explain where each value comes from'],
    run: ['apps/app-options', 'shows the plan of an app'],
  },
}

/** Started in each of the ways that development mode has: by command, in code, with and without a process of its own. */
const ALL_WAYS: Proof = ['process/development-options', 'act, or are warned of']
const DRY: Proof = ['process/development-options', 'is shown by a dry run']

/** A proof for each taker, and none that stands for several unless its test goes through them. */
type ShownInDevelopment = Readonly<Partial<Record<OptionTaker, Proof>>>

const forEach = (proof: Proof, takers: readonly OptionTaker[] = OPTION_TAKERS): ShownInDevelopment =>
  Object.fromEntries(takers.map((taker) => [taker, proof]))

const ON_SOCKET_IN_DEVELOPMENT: ShownInDevelopment = {
  serve: ['process/development-options', 'is served on a Unix socket'],
  run: ['edge/address-options', 'is that of an app that is run'],
  serveHttpProduction: ['edge/address-options', 'is that of serveHttpProduction'],
  bootstrapProduction: ['edge/uds', 'is taken by bootstrapProduction: '],
}
const IN_PART_IN_DEVELOPMENT: ShownInDevelopment = {
  serve: ['process/development-options', 'has a part elsewhere, and is served in part'],
  serveHttpProduction: ['process/development-options', 'is the same from code'],
}
const RUN_IN_DEVELOPMENT: ShownInDevelopment = {
  run: ['process/development-options', 'insists on a port, and says itself when it is ready'],
}

/** The same of those that have an effect in development mode. Default: ALL_WAYS, where the taker is given the option. */
const SHOWN_IN_DEVELOPMENT: Readonly<Record<string, ShownInDevelopment>> = {
  host: forEach(['edge/address-options', 'may be every address of both families']),
  uds: ON_SOCKET_IN_DEVELOPMENT,
  udsMode: ON_SOCKET_IN_DEVELOPMENT,
  developmentMode: SHOWN_BY.developmentMode ?? {},
  reload: {
    serve: ['development/reload', 'takes a saved file into service'],
    run: ['development/hosts', 'restarts one that nobody changed'],
    serveHttpProduction: ['development/hosts', 'restarts a service for whoever calls serveHttpProduction'],
    bootstrapProduction: ['development/hosts', 'runs the services of one that calls bootstrapProduction'],
  },
  inspect: forEach(['development/debugger', 'attaches to the process that runs the code of']),
  depends: IN_PART_IN_DEVELOPMENT,
  only: IN_PART_IN_DEVELOPMENT,
  appPort: RUN_IN_DEVELOPMENT,
  ready: RUN_IN_DEVELOPMENT,
  dryRun: forEach(DRY, ['serve', 'run']),
  explain: forEach(DRY, ['serve', 'run']),
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
        const proof = proofFor(SHOWN_BY[key], taker) ?? (isGivenTogether(key, taker) ? TOGETHER : undefined)
        assert.ok(proof !== undefined, `nothing shows what ${key} does for ${taker}`)
        assertProof(proof)
      }
    })
  }

  for (const { key, takenBy = OPTION_TAKERS, needs } of OPTIONS) {
    it(`${key}: has a test that shows what it does in development mode, or is told to have no effect there`, () => {
      for (const taker of OPTION_TAKERS.filter((each) => takenBy.includes(each))) {
        const run = { isApp: !isService(taker), isApart: true, entry: undefined }
        const told = unusedInDevelopment({ [key]: 'file x' }, run).map(({ path }) => path)
        assert.deepEqual(told, needs === 'pools' ? [key] : [])
        if (needs !== 'pools') assertDevelopmentProof(key, taker)
      }
    })
  }

  function assertDevelopmentProof(key: string, taker: OptionTaker): void {
    const own = SHOWN_IN_DEVELOPMENT[key]
    const proof = own === undefined ? givenInDevelopment(taker).has(key) && ALL_WAYS : own[taker]
    assertProof(proof || assert.fail(`nothing shows what ${key} does for ${taker} in development mode`))
  }

  it('has a sample and a proof for nothing else', () => {
    const keys = new Set(OPTIONS.map(({ key }) => key))
    for (const key of [SAMPLES, SHOWN_BY, SHOWN_IN_DEVELOPMENT].flatMap(Object.keys)) assert.ok(keys.has(key), key)
  })
})
