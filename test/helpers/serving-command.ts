import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const READY_WITHIN_MS = 60_000
const STOPPED_WITHIN_MS = 30_000

export interface ServingCommandOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** The address in a line of its output; undefined when the line says nothing of it. Default: the JSON line `ready`. */
  readonly urlOf?: (line: string) => string | undefined
}

export interface ServingCommand extends AsyncDisposable {
  readonly url: string
  /** Everything it has written, stdout and stderr. */
  readonly output: () => string
  /** Sends the signal and waits for the end; what it left in its runtime folder comes back too. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<{ code: number | null; leftBehind: string[] }>
}

/** Runs `node ...args`, which serves something, and waits until it says its address. */
export async function startServing(args: readonly string[], options: ServingCommandOptions): Promise<ServingCommand> {
  const runtimeDir = await mkdtemp(join(tmpdir(), 'ekb-'))
  const child = spawn(process.execPath, args, {
    cwd: options.cwd,
    env: { ...process.env, ...options.env, EKIBEN_RUNTIME_DIR: runtimeDir },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const exited = once(child, 'exit').then(([code]) => code as number | null)
  const written: string[] = []
  const url = firstUrl(child, options.urlOf ?? urlOfReadyLine, written)
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal)
    const code = await within(
      STOPPED_WITHIN_MS,
      exited,
      () => `no exit after ${signal}; output:\n${written.join('\n')}`,
    )
    const leftBehind = await readdir(runtimeDir, { recursive: true })
    await rm(runtimeDir, { recursive: true })
    return { code, leftBehind }
  }
  const dispose = async () => {
    if (child.exitCode === null && child.signalCode === null) await stop()
    await rm(runtimeDir, { recursive: true, force: true })
  }
  const ended = exited.then((code) => {
    throw new Error(`exited with ${code} before it was ready; output:\n${written.join('\n')}`)
  })
  try {
    const ready = await within(READY_WITHIN_MS, Promise.race([url, ended]), () => `not ready:\n${written.join('\n')}`)
    ended.catch(() => {})
    return { url: ready, output: () => written.join('\n'), stop, [Symbol.asyncDispose]: dispose }
  } catch (error) {
    await dispose()
    throw error
  }
}

function urlOfReadyLine(line: string): string | undefined {
  if (!line.startsWith('{')) return undefined
  const { msg, url } = JSON.parse(line) as { msg?: string; url?: string }
  return msg === 'ready' ? url : undefined
}

function firstUrl(
  child: ChildProcess,
  urlOf: (line: string) => string | undefined,
  written: string[],
): Promise<string> {
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) throw new TypeError('The output is not a pipe')
      createInterface(stream).on('line', (line) => {
        written.push(line)
        try {
          const url = urlOf(line)
          if (url !== undefined) resolve(url)
        } catch (error) {
          reject(error)
        }
      })
    }
  })
}

async function within<T>(ms: number, promise: Promise<T>, describe: () => string): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(describe())), ms)
  })
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
