import { type ProjectFolder, projectFolder } from './project-folder.js'
import { type NodeExit, type RunNodeOptions, runNodeToEnd } from './run-node.js'
import { type ServingCommand, startServing } from './serving-command.js'

export type Mode = 'supervised' | 'one process'

const OPTIONS = `{
  port: 0,
  host: '127.0.0.1',
  logFormat: 'json',
  supervision: { minReadyMs: 100, bootTimeoutMs: Number(process.env.TEST_BOOT_MS ?? 60_000) },
}`

/** `Echo`, in a file of its own. */
const SERVICES = `
import { defineService } from '@ekiben/core'
export const Echo = defineService(
  class Echo { async say({ text }) { return { text, pid: process.pid } } },
  { apis: { say: {} } },
)
`

/** A main file: `build` is the function given to `bootstrapProduction`, `options` are laid over those of the tests. */
export function mainFile(build: string, { imports = '', options = '{}', after = '' } = {}): string {
  return `
import { createServer } from 'node:http'
import { bootstrapProduction } from '@ekiben/core'
${imports}
const server = await bootstrapProduction(${build}, { ...${OPTIONS}, ...${options} })
console.log(JSON.stringify({ resolved: server.url, pid: process.pid }))
${after}
`
}

/** An app's folder, with `main.js` and a service beside it. */
export function appProject(main: string, packages: readonly string[] = []): Promise<ProjectFolder> {
  return projectFolder(
    { 'package.json': { name: '@acme/shop', type: 'module' }, 'main.js': main, 'services.js': SERVICES },
    { packages },
  )
}

/** Starts `node main.js` of an app, and waits until it says that it is ready. */
export function startApp(
  { path }: Pick<ProjectFolder, 'path'>,
  mode: Mode,
  { flags = [], ...options }: RunNodeOptions & { readonly flags?: readonly string[] } = {},
): Promise<ServingCommand> {
  return startServing([...flags, 'main.js'], inMode(path, mode, options))
}

/** The same, of an app that does not come up, to its end. */
export function failApp({ path }: ProjectFolder, mode: Mode, options: RunNodeOptions = {}): Promise<NodeExit> {
  return runNodeToEnd(['main.js'], inMode(path, mode, options))
}

/** How `node main.js` of it runs in a mode. */
export function inMode(cwd: string, mode: Mode, { env, ...options }: RunNodeOptions = {}): RunNodeOptions {
  const NODE_ENV = mode === 'supervised' ? 'production' : undefined
  return { cwd, ...options, env: { NODE_ENV, ...env } }
}
