import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { delimiter, join } from 'node:path'
import { runNode } from './run-node.js'
import { freePort } from './socket-facts.js'
import { waitUntil } from './wait-until.js'

const path = findNginx()
/** For the option `skip`: why there is no nginx; false: there is one. */
export const NO_NGINX = path === undefined ? 'no nginx in PATH (Debian: apt-get install nginx-light)' : false

/** Where Debian puts it, which is not in the PATH of every user. */
function findNginx(): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin']
  return folders.map((folder) => join(folder, 'nginx')).find(existsSync)
}

export interface Nginx extends AsyncDisposable {
  readonly url: string
  /** What it wrote to its log of errors. */
  readonly errors: () => string
}

/** An nginx with this inside of its `http` block, which has `listen 80;` in it; it keeps to a folder. Give it to `await using`. */
export async function startNginx(folder: string, http: string): Promise<Nginx> {
  const port = await freePort()
  const file = join(folder, 'nginx.conf')
  await writeFile(file, configuration(folder, http.replace('listen 80;', `listen 127.0.0.1:${port};`)))
  const run = await runNode(['-e', 'stderr', '-p', folder, '-c', file], { program: path as string })
  try {
    await waitUntil(() => canConnect(port), { timeoutMs: 30_000, describe: () => `nginx to listen:\n${run.stderr()}` })
  } catch (error) {
    await run[Symbol.asyncDispose]()
    throw error
  }
  const dispose = async (): Promise<void> => {
    run.kill('SIGTERM')
    await run.exited
    await run[Symbol.asyncDispose]()
  }
  return { url: `http://127.0.0.1:${port}`, errors: run.stderr, [Symbol.asyncDispose]: dispose }
}

/** One process in the foreground: what a test starts, it can end. */
function configuration(folder: string, http: string): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (kind) => `${kind}_temp_path ${folder}/${kind};`,
  )
  return `daemon off;
master_process off;
pid ${folder}/nginx.pid;
error_log stderr;
events {}
http {
access_log off;
${temporary.join('\n')}
${http}
}
`
}

function canConnect(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })
}
