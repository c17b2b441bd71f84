import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import type { OptionTaker } from '../../packages/core/src/config/options.js'
import { encryptKey } from './certificates.js'
import { flagsOf } from './option-text.js'
import { isService } from './production-ways.js'
import { EKIBEN } from './serve-fixture.js'
import { type ServingCommand, startServing } from './serving-command.js'
import { type TlsProject, tlsProject } from './tls-project.js'

const WORK = `
export async function slow() {
  process.stdout.write('{"asked":true}\\n')
  await new Promise((resolve) => setTimeout(resolve, 60_000))
}
export const facts = () => ({ cwd: process.cwd(), hidden: process.env.HIDDEN ?? null, pid: process.pid })
export async function handle(request, response) {
  if (request.url === '/slow') await slow()
  response.end(JSON.stringify({ ...facts(), authorized: request.socket.authorized }))
}
`
const SERVICE = `
import { defineService } from '@ekiben/core'
import { facts, slow } from './work.mjs'
export const Greeter = defineService(class Greeter {
  async who(_, { remoteAddress, log }) {
    log.debug({}, 'who')
    return { ...facts(), remoteAddress }
  }
  async slow() { await slow() }
  async *lasting() {
    yield 'begun'
    await slow()
  }
}, { apis: { who: {}, slow: {}, lasting: {} } })
`
/** The log of an app holds no line that says that it is ready: it says so itself. */
const APP = `
import { createServer } from 'node:http'
import { handle } from './work.mjs'
const server = createServer(handle).listen(process.env.PORT, () => {
  const { address, port } = server.address()
  console.log(JSON.stringify({ msg: 'ready', url: 'https://' + address + ':' + port }))
})
`
const FROM_CODE: Readonly<Record<'serveHttpProduction' | 'bootstrapProduction', (options: string) => string>> = {
  serveHttpProduction: (options) => `
import { serveHttpProduction } from '@ekiben/core/serving'
await serveHttpProduction({ identifier: 'service:Greeter', handleSignals: true, readEnvironment: true, ...${options} })
`,
  bootstrapProduction: (options) => `
import { createServer } from 'node:http'
import { bootstrapProduction } from '@ekiben/core'
import { handle } from './work.mjs'
const registry = { getMetricsAsJSON: () => [{ name: 'orders', help: 'Orders.', type: 'counter', values: [{ value: 3 }] }] }
const options = { metrics: { registry }, readEnvironment: true, ...${options} }
const server = await bootstrapProduction(() => createServer(handle), options)
console.log(JSON.stringify({ msg: 'ready', url: server.url }))
`,
}

export interface Facts {
  readonly cwd: string
  readonly hidden: string | null
  readonly pid: number
  readonly remoteAddress?: string
  /** Of an app: has its client shown a certificate of the authority? */
  readonly authorized?: boolean
}

/** A way to start in development mode. */
export interface DevelopmentWay {
  readonly taker: OptionTaker
  /** The code runs in a process apart from the first one. */
  readonly isApart: boolean
}

export const DEVELOPMENT_WAYS: Readonly<Record<string, DevelopmentWay>> = {
  'a service in one process': { taker: 'serve', isApart: false },
  'a service that is restarted': { taker: 'serve', isApart: true },
  'a service from code, in one process': { taker: 'serveHttpProduction', isApart: false },
  'a service from code that is restarted': { taker: 'serveHttpProduction', isApart: true },
  'an app in one process': { taker: 'bootstrapProduction', isApart: false },
  'an app that is restarted': { taker: 'bootstrapProduction', isApart: true },
  'an app that is run': { taker: 'run', isApart: true },
}

/** What has no effect without pools. */
const FOR_POOLS = { apiWorkers: 3, threaded: true, user: 'nobody', group: 'nogroup', supervision: { maxRequests: 9 } }
/** In the file of each. The last has an effect where the code runs apart. */
const IN_FILE = { ...FOR_POOLS, envAllow: ['PATH', 'HOME', 'TMPDIR', 'EKIBEN_*'] }

export const SOMAXCONN = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'))
/** Above what the system allows, unless that is any. */
export const BACKLOG = Math.min(SOMAXCONN + 1, 2 ** 31 - 1)

const PASSWORD = 'open sesame'
const VARIABLES = { EKIBEN_SET: 'timeoutKeepAlive=7', EKIBEN_SSL_KEYFILE_PASSWORD: PASSWORD }

/** Holds, of those who look for it by themselves, all their options. */
export const fileOf = ({ taker }: DevelopmentWay): string => (namesFile(taker) ? 'other.json' : 'ekiben.config.json')
const namesFile = (taker: OptionTaker): boolean => taker === 'run' || taker === 'serveHttpProduction'

/** What is given to each, in code or file as they are, or as flags. */
export function developmentOptions(way: DevelopmentWay, { path, file }: Pick<TlsProject, 'path' | 'file'>) {
  const { taker, isApart } = way
  const ofServices = {
    logLevel: 'debug',
    prefix: '/ml',
    systemRoutes: 'probes',
    trustProxy: true,
    timeout: 1,
    accessLog: false,
  }
  const options = {
    port: 0,
    backlog: BACKLOG,
    timeoutGracefulShutdown: 0.5,
    logFormat: 'json',
    name: 'shop',
    ...(hasInstance(way) && { instance: 'shop-a' }),
    pidfile: file('pid'),
    admin: file('admin'),
    sslCertfile: file('cert.pem'),
    sslKeyfile: file('key.pem'),
    sslCaCerts: file('ca.pem'),
    sslClientCert: isApart ? 'optional' : 'required',
    sslMinVersion: 'TLSv1.3',
    sslCiphers: 'TLS_AES_128_GCM_SHA256',
    ...(isService(taker) ? ofServices : { logLevel: 'warn' }),
  }
  // The others find it in their working directory.
  const config = namesFile(taker) ? file(fileOf(way)) : true
  const beside = { workingDir: path, config, ...(taker !== 'bootstrapProduction' && { developmentMode: true }) }
  return { options, beside: { ...beside, ...(isApart && taker !== 'run' && { reload: true }) } }
}

/** Else it goes by its name. */
export const hasInstance = ({ taker, isApart }: DevelopmentWay): boolean => !isApart || taker === 'run'

/** The options that a taker is given, by one way or another, by their keys. */
export function givenInDevelopment(taker: OptionTaker): ReadonlySet<string> {
  const ways = Object.values(DEVELOPMENT_WAYS).filter((way) => way.taker === taker)
  const keys = ways.flatMap((way) => {
    const { options, beside } = developmentOptions(way, { path: '', file: (name) => name })
    return [...Object.keys(options), ...Object.keys(beside)]
  })
  return new Set([...keys, ...Object.keys(IN_FILE), 'set', 'timeoutKeepAlive', 'sslKeyfilePassword'])
}

export interface StartedWay extends AsyncDisposable {
  readonly run: ServingCommand
  readonly project: TlsProject
}

/**
 * Starts it from another folder: a service with the apis `who`, `slow` and `lasting`, which has no time limit once it has
 * begun, or an app with the paths `/who` and `/slow`. Give it to `await using`.
 */
export async function startInDevelopment(way: DevelopmentWay): Promise<StartedWay> {
  const project = await tlsProject({ 'work.mjs': WORK, 'service.mjs': SERVICE, 'app.mjs': APP })
  try {
    await writeFile(project.file('key.pem'), encryptKey(project.issued.key, PASSWORD))
    const args = await commandLine(way, project)
    const run = await startServing(args, { env: { NODE_ENV: undefined, HIDDEN: 'yes', ...VARIABLES } })
    const dispose = async (): Promise<void> => {
      await run[Symbol.asyncDispose]()
      await project[Symbol.asyncDispose]()
    }
    return { run, project, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await project[Symbol.asyncDispose]()
    throw error
  }
}

async function commandLine(way: DevelopmentWay, project: TlsProject): Promise<readonly string[]> {
  const { taker } = way
  const { options, beside } = developmentOptions(way, project)
  const given = namesFile(taker) ? { ...options, ...beside } : beside
  const inFile = namesFile(taker) ? IN_FILE : { ...IN_FILE, ...options }
  await writeFile(project.file(fileOf(way)), JSON.stringify(inFile))
  if (taker === 'run') return [EKIBEN, 'run', 'app.mjs', ...flagsOf(given)]
  if (taker === 'serve') {
    // The command looks for its file by itself.
    const { config: _, ...flags } = given
    return [EKIBEN, 'serve', 'service:Greeter', ...flagsOf(flags)]
  }
  await writeFile(project.file('main.mjs'), FROM_CODE[taker](JSON.stringify(given)))
  return [project.file('main.mjs')]
}
