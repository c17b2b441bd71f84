import { writeFile } from 'node:fs/promises'
import { encryptKey } from './certificates.js'
import { EKIBEN } from './serve-fixture.js'
import { type ServingCommand, startServing } from './serving-command.js'
import { type TlsProject, tlsProject } from './tls-project.js'

const WORK = `
export async function slow() {
  process.stdout.write('{"asked":true}\\n')
  await new Promise((resolve) => setTimeout(resolve, 60_000))
}
export const facts = () => ({ cwd: process.cwd(), hidden: process.env.HIDDEN ?? null, pid: process.pid })
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
const appWith = (options: string): string => `
import { createServer } from 'node:http'
import { bootstrapProduction } from '@ekiben/core'
import { facts, slow } from './work.mjs'
const registry = { getMetricsAsJSON: () => [{ name: 'orders', help: 'Orders.', type: 'counter', values: [{ value: 3 }] }] }
const server = await bootstrapProduction(() => createServer(async (request, response) => {
  if (request.url === '/slow') await slow()
  response.end(JSON.stringify(facts()))
}), { config: true, workingDir: import.meta.dirname, metrics: { registry }, readEnvironment: true, ${options} })
console.log(JSON.stringify({ msg: 'ready', url: server.url }))
`

export interface Facts {
  readonly cwd: string
  readonly hidden: string | null
  readonly pid: number
  readonly remoteAddress?: string
}

/** A way to start in development mode. */
export interface DevelopmentWay {
  readonly kind: 'service' | 'app'
  /** The code runs in a process apart from the first one. */
  readonly isApart: boolean
}

export const DEVELOPMENT_WAYS: Readonly<Record<string, DevelopmentWay>> = {
  'a service in one process': { kind: 'service', isApart: false },
  'a service that is restarted': { kind: 'service', isApart: true },
  'an app in one process': { kind: 'app', isApart: false },
  'an app that is restarted': { kind: 'app', isApart: true },
}

export interface StartedWay extends AsyncDisposable {
  readonly run: ServingCommand
  readonly project: TlsProject
}

/**
 * Starts it from another folder, with a configuration file beside it: a service with the apis `who`, `slow` and
 * `lasting`, which has no time limit once it has begun, or an app with the paths `/who` and `/slow`. Give it to `await using`.
 */
export async function startInDevelopment(
  { kind, isApart }: DevelopmentWay,
  configOf: (project: TlsProject) => object,
): Promise<StartedWay> {
  const password = 'open sesame'
  const main = appWith(isApart ? 'reload: true' : '')
  const project = await tlsProject({ 'work.mjs': WORK, 'service.mjs': SERVICE, 'main.mjs': main })
  const { path, issued, file } = project
  await writeFile(file('key.pem'), encryptKey(issued.key, password))
  await writeFile(file('ekiben.config.json'), JSON.stringify(configOf(project)))
  const serve = [EKIBEN, 'serve', 'service:Greeter', '--development', '--working-dir', path]
  const args = kind === 'app' ? [file('main.mjs')] : isApart ? [...serve, '--reload'] : serve
  const variables = { EKIBEN_SET: 'timeoutKeepAlive=7', EKIBEN_SSL_KEYFILE_PASSWORD: password }
  const run = await startServing(args, { env: { NODE_ENV: undefined, HIDDEN: 'yes', ...variables } })
  const dispose = async (): Promise<void> => {
    await run[Symbol.asyncDispose]()
    await project[Symbol.asyncDispose]()
  }
  return { run, project, [Symbol.asyncDispose]: dispose }
}
