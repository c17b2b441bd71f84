import { type NodeExit, type NodeRun, type RunNodeOptions, runNode } from './run-node.js'
import { waitUntil } from './wait-until.js'

const READY_WITHIN_MS = 60_000
const STOPPED_WITHIN_MS = 30_000

export interface ServingCommandOptions extends RunNodeOptions {
  /** The address in a line of its output, if it says one. Default: the `url` of the line `ready`, in JSON or for people. */
  readonly urlOf?: (line: string) => string | undefined
}

export interface ServingCommand extends NodeRun {
  readonly url: string
  /** Sends the signal and waits for the exit code. */
  readonly stop: (signal?: NodeJS.Signals) => Promise<number | null>
}

/** Runs `node ...args`, which serves something, and waits until it says its address. Give it to `await using`. */
export async function startServing(args: readonly string[], options: ServingCommandOptions): Promise<ServingCommand> {
  const { urlOf = urlOfReadyLine, ...runOptions } = options
  const run = await runNode(args, runOptions)
  try {
    const url = await readyUrl(run, urlOf)
    return { ...run, url, stop: (signal = 'SIGTERM') => stop(run, signal) }
  } catch (error) {
    await run[Symbol.asyncDispose]()
    throw error
  }
}

async function readyUrl(run: NodeRun, urlOf: (line: string) => string | undefined): Promise<string> {
  const state = watchExit(run)
  // An exit ends the wait at once.
  const found = await waitUntil(() => state.exit ?? firstUrl(run.stdout(), urlOf), {
    timeoutMs: READY_WITHIN_MS,
    describe: () => `the address in its output:\n${run.stdout()}${run.stderr()}`,
  })
  if (typeof found === 'string') return found
  throw new Error(`Ended with ${found.code ?? found.signal} before it was ready:\n${found.stdout}${found.stderr}`)
}

async function stop(run: NodeRun, signal: NodeJS.Signals): Promise<number | null> {
  const state = watchExit(run)
  run.kill(signal)
  const { code } = await waitUntil(() => state.exit, {
    timeoutMs: STOPPED_WITHIN_MS,
    describe: () => `its end after ${signal}:\n${run.stdout()}${run.stderr()}`,
  })
  return code
}

function watchExit(run: NodeRun): { exit: NodeExit | undefined } {
  const state: { exit: NodeExit | undefined } = { exit: undefined }
  run.exited.then(
    (exit) => {
      state.exit = exit
    },
    // It could not even be started: the wait that follows shows what is known of it.
    () => {},
  )
  return state
}

function firstUrl(output: string, urlOf: (line: string) => string | undefined): string | undefined {
  // The last piece may be half a line.
  const lines = output.split('\n').slice(0, -1)
  return lines.map(urlOf).find((url) => url !== undefined)
}

function urlOfReadyLine(line: string): string | undefined {
  try {
    const { msg, url } = JSON.parse(line) as { msg?: string; url?: string }
    return msg === 'ready' ? url : undefined
  } catch {
    // For people; or somebody else's, or torn: several processes write to one pipe.
    return / INFO .*\bready url="?([^\s"]+)/.exec(line)?.[1]
  }
}
