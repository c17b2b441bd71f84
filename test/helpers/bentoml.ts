import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type NodeExit, type NodeRun, type RunNodeOptions, runNode } from './run-node.js'
import { closedUrl } from './scripted-server.js'
import { waitUntil } from './wait-until.js'

/** A Python that has BentoML and Pillow, as `.ci/run` makes one. */
const PYTHON = process.env.EKIBEN_TEST_PYTHON ?? ''

/** Where the Python files of the ring are. */
const INTEROP = fileURLToPath(new URL('../interop/', import.meta.url))

/** For the options of a test. */
export const NEEDS_BENTOML =
  PYTHON === '' ? { skip: 'EKIBEN_TEST_PYTHON names no Python that has BentoML: see CONTRIBUTING.md' } : {}

/** Runs `python ...args` with a home of its own for BentoML, which reports to nobody. Give it to `await using`. */
export async function runPython(args: readonly string[], options: RunNodeOptions = {}): Promise<NodeRun> {
  const home = await mkdtemp(join(tmpdir(), 'ekb-py-'))
  const run = await runNode(args, {
    cwd: INTEROP,
    program: PYTHON,
    ...options,
    env: {
      BENTOML_HOME: join(home, 'bentoml'),
      BENTOML_DO_NOT_TRACK: 'True',
      // Also its sockets are there.
      TMPDIR: home,
      PYTHONDONTWRITEBYTECODE: '1',
      PYTHONWARNINGS: 'ignore',
      ...options.env,
    },
  })
  return {
    ...run,
    [Symbol.asyncDispose]: async () => {
      await run[Symbol.asyncDispose]()
      await rm(home, { recursive: true, force: true })
    },
  }
}

/** The JSON that a Python program prints at its end. */
export async function factsIn<T>(run: NodeRun): Promise<T> {
  const { code, signal, stdout, stderr } = await run.exited
  if (code !== 0) throw new Error(`Python ended with ${code ?? signal}:\n${stdout}${stderr}`)
  return JSON.parse(stdout) as T
}

export interface BentoServer extends NodeRun {
  readonly url: string
}

/**
 * Starts BentoML's own server with a class of `bento_service.py`, or `file:Class` of the working directory, and does not
 * wait for it. Give it to `await using`.
 */
export async function startBento(service: string, options: RunNodeOptions = {}): Promise<BentoServer> {
  const url = await closedUrl()
  const target = service.includes(':') ? service : `bento_service:${service}`
  return { ...(await runPython([`${INTEROP}serve_bento.py`, target, new URL(url).port], options)), url }
}

/** The same, ready. */
export async function serveBento(service: string, options?: RunNodeOptions): Promise<BentoServer> {
  const server = await startBento(service, options)
  let exit: NodeExit | undefined
  server.exited.then((value) => {
    exit = value
  }, String)
  try {
    const seen = await waitUntil(async () => exit ?? (await fetch(`${server.url}/readyz`)).ok, {
      timeoutMs: 90_000,
      describe: () => `BentoML to be ready:\n${server.stdout()}${server.stderr()}`,
    })
    if (seen !== true) throw new Error(`BentoML ended with ${seen.code}:\n${server.stdout()}${server.stderr()}`)
    return server
  } catch (error) {
    await server[Symbol.asyncDispose]()
    throw error
  }
}
