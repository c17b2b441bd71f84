import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

export interface DescriptorWorker extends AsyncDisposable {
  readonly pid: number
  /** The first message it sent. */
  readonly message: unknown
  /** Sends a signal; after SIGKILL, resolves when it is gone. */
  readonly kill: (signal: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT') => Promise<void>
}

/** Starts a fixture with a socket as descriptor 4 and waits for its first message. Give it to `await using`. */
export async function startOnDescriptor(
  fixture: string,
  fd: number,
  args: readonly string[],
): Promise<DescriptorWorker> {
  const path = join(__dirname, '../fixtures/sockets', fixture)
  const child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'inherit', 'inherit', 'ipc', fd] })
  const exited = once(child, 'exit')
  const message = await Promise.race([
    once(child, 'message').then(([first]) => first as unknown),
    exited.then(([code]) => Promise.reject(new Error(`${fixture} ended with ${code} before it said anything`))),
  ])
  const kill = async (signal: NodeJS.Signals) => {
    child.kill(signal)
    if (signal === 'SIGKILL') await exited
  }
  return { pid: child.pid ?? 0, message, kill, [Symbol.asyncDispose]: () => end(child, exited) }
}

async function end(child: ChildProcess, exited: Promise<unknown>): Promise<void> {
  child.kill('SIGKILL')
  await exited
}
