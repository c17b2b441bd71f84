import { chmod, writeFile } from 'node:fs/promises'
import type { OptionTaker } from '../../packages/core/src/config/options.js'
import { encryptKey } from './certificates.js'
import { flagsOf, variablesOf } from './option-text.js'
import { EKIBEN } from './serve-fixture.js'
import { type ServingCommand, type ServingCommandOptions, startServing } from './serving-command.js'
import { type TlsProject, tlsProject } from './tls-project.js'

const WORK = `
import { version } from './version.mjs'
export async function slow() {
  process.stdout.write('{"asked":true}\\n')
  await new Promise((resolve) => setTimeout(resolve, 60_000))
}
const { HIDDEN, NODE_ENV, SAID } = process.env
export const facts = () => ({
  version, cwd: process.cwd(), pid: process.pid, ids: [process.getuid(), process.getgid()],
  hidden: HIDDEN ?? null, mode: NODE_ENV ?? null, said: SAID ?? null,
})
export async function handle(request, response) {
  if (request.url === '/slow') await slow()
  response.end(JSON.stringify(facts()))
}
`
const SERVICE = `
import { defineService } from '@ekiben/core'
import { facts, slow } from './work.mjs'
const Helper = defineService(class Helper { async say() {} }, { apis: { say: {} } })
export const Greeter = defineService(class Greeter {
  async who(_, { remoteAddress }) { return { ...facts(), remoteAddress } }
  async slow() { await slow() }
}, { apis: { who: {}, slow: {} }, dependencies: { helper: Helper } })
`
const APP = `
import { createServer } from 'node:http'
import { handle } from './work.mjs'
createServer(handle).listen(process.env.PORT)
`
const FROM_CODE: Readonly<Record<'serveHttpProduction' | 'bootstrapProduction', (options: string) => string>> = {
  serveHttpProduction: (options) => `
import { serveHttpProduction } from '@ekiben/core/serving'
await serveHttpProduction({ identifier: 'service:Greeter', handleSignals: true, readEnvironment: true, ...${options} })
`,
  bootstrapProduction: (options) => `
import { createServer } from 'node:http'
import { bootstrapProduction } from '@ekiben/core'
await bootstrapProduction(async () => createServer((await import('./work.mjs')).handle), {
  readEnvironment: true, developmentMode: false, ...${options},
})
`,
}

export const PASSWORD = 'open sesame'
/** Whom the workers run as. */
export const IDS = [65_001, 65_002] as const

export interface ProductionFacts {
  readonly version: number
  readonly cwd: string
  readonly pid: number
  readonly ids: readonly number[]
  readonly hidden: string | null
  readonly mode: string | null
  readonly said: string | null
  readonly remoteAddress?: string
}

export const isService = (taker: OptionTaker): boolean => taker === 'serve' || taker === 'serveHttpProduction'

/** What is given to each of them beside its file, as code has it. None is its default. */
export function productionOptions(taker: OptionTaker, { path, file }: Pick<TlsProject, 'path' | 'file'>): object {
  const ofServices = {
    workers: { Helper: 2 },
    timeout: 5,
    accessLog: false,
    systemRoutes: 'probes',
    prefix: '/ml',
    trustProxy: true,
  }
  return {
    port: 0,
    host: '127.0.0.1',
    backlog: 17,
    apiWorkers: 2,
    timeoutGracefulShutdown: 0.1,
    workingDir: path,
    config: file('other.json'),
    logLevel: 'debug',
    logFormat: 'json',
    reload: true,
    name: 'shop',
    instance: 'shop-a',
    envAllow: ['EKIBEN_TEST_*'],
    pidfile: file('pid'),
    admin: file('admin'),
    sslCertfile: file('cert.pem'),
    sslKeyfile: file('key.pem'),
    sslKeyfilePassword: PASSWORD,
    sslCaCerts: file('ca.pem'),
    sslMinVersion: 'TLSv1.3',
    sslCiphers: 'TLS_AES_128_GCM_SHA256',
    ...(isService(taker) && ofServices),
  }
}

/** What their file holds. */
export const IN_FILE = { timeoutKeepAlive: 7, sslClientCert: 'required', supervision: { minReadyMs: 50 } }

export interface StartedInProduction extends AsyncDisposable {
  readonly run: ServingCommand
  readonly project: TlsProject
}

/**
 * Starts a service with the apis `who` and `slow`, or an app with such paths, from another folder, with NODE_ENV as work on
 * the code has it. The commands get their options by flags and by variables. Give it to `await using`.
 */
export async function startInProduction(
  taker: OptionTaker,
  more: object = {},
  urlOf?: ServingCommandOptions['urlOf'],
): Promise<StartedInProduction> {
  const files = { 'work.mjs': WORK, 'version.mjs': 'export const version = 1', 'service.mjs': SERVICE, 'app.mjs': APP }
  const project = await tlsProject({ ...files, 'other.json': IN_FILE })
  try {
    const { args, env } = await commandIn(project, taker, more)
    const run = await startServing(args, { env, ...(urlOf && { urlOf }) })
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

async function commandIn(project: TlsProject, taker: OptionTaker, more: object) {
  // Others may read it.
  await chmod(project.path, 0o755)
  await writeFile(project.file('key.pem'), encryptKey(project.issued.key, PASSWORD))
  const options = { ...productionOptions(taker, project), ...more }
  const { args, variables } = await commandLine(taker, project, options)
  const set = `${isService(taker) ? 'Greeter' : 'shop'}.env.SAID=yes`
  const env = { NODE_ENV: 'development', HIDDEN: 'yes', EKIBEN_SET: set, ...variables }
  return { args, env }
}

interface CommandLine {
  readonly args: readonly string[]
  readonly variables?: Readonly<Record<string, string>>
}

async function commandLine(taker: OptionTaker, { file }: TlsProject, options: object): Promise<CommandLine> {
  if (taker === 'serve') {
    const { sslKeyfilePassword: _, ...flags } = options as Record<string, unknown>
    const variables = { EKIBEN_SSL_KEYFILE_PASSWORD: PASSWORD }
    return { args: [EKIBEN, 'serve', 'service:Greeter', ...flagsOf(flags)], variables }
  }
  if (taker === 'run') {
    return { args: [EKIBEN, 'run', 'app.mjs'], variables: variablesOf(options) }
  }
  await writeFile(file('main.mjs'), FROM_CODE[taker](JSON.stringify(options)))
  return { args: [file('main.mjs')] }
}
