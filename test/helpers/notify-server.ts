import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { waitUntil } from './wait-until.js'

const RECEIVES_NOTICES = fileURLToPath(new URL('../fixtures/sockets/receives-notices.py', import.meta.url))

export interface NotifyServer extends AsyncDisposable {
  /** The messages that came, each as its lines. */
  readonly messages: () => string[][]
}

/** Why a test that plays the service manager cannot run here; false: it can. */
export function cannotPlayManager(): string | false {
  const missing = ['python3', 'systemd-notify'].filter(
    (command) => spawnSync(command, ['--version']).error !== undefined,
  )
  return missing.length > 0 && `${missing.join(' and ')} not installed: Node has no Unix datagram sockets`
}

/** A service manager's end of NOTIFY_SOCKET. Give it to `await using`. */
export async function startNotifyServer(address: string): Promise<NotifyServer> {
  const child = spawn('python3', [RECEIVES_NOTICES, address], { stdio: ['pipe', 'pipe', 'inherit'] })
  const exited = once(child, 'exit')
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output += chunk
  })
  const lines = (): string[] =>
    output
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as string)
  const dispose = async (): Promise<void> => {
    child.stdin.end()
    await exited
  }
  await waitUntil(() => lines()[0] === 'bound', { describe: `a socket at ${address}` })
  return {
    messages: () =>
      lines()
        .slice(1)
        // How the command waits until its message was read.
        .filter((message) => message !== 'BARRIER=1')
        .map((message) => message.split('\n')),
    [Symbol.asyncDispose]: dispose,
  }
}
