import { chmod, mkdtemp, rename, rm } from 'node:fs/promises'
import type { Server } from 'node:net'
import { dirname, join } from 'node:path'
import { type FileIdentity, fileIdentity } from './socket-path.js'

const PREPARED = '.ekb-'

/** The longest path that is bound on the way to `path`: it lies in a folder of its own beside it. */
export function longestBoundPath(path: string): string {
  const prepared = join(dirname(path), `${PREPARED}XXXXXX`, 's')
  return Buffer.byteLength(path) > Buffer.byteLength(prepared) ? path : prepared
}

/**
 * Makes a server listen on a Unix socket that this user alone can connect to (0600), in place of whatever is at the
 * path; resolves with what tells its file from any other, undefined where that has gone already.
 */
export async function listenPrivately(server: Server, path: string): Promise<FileIdentity | undefined> {
  try {
    await listenBehind({ path, mode: 0o600 }, (prepared) => listen(server, prepared))
    return fileIdentity(path)
  } catch (error) {
    if (server.listening) server.close()
    throw error
  }
}

/**
 * Has `listenAt` make a Unix socket, which comes to be at the path with its mode, in place of whatever is there.
 *
 * A socket is made with the mode that the umask leaves, and changing the umask would change that of every file which
 * the process makes until it listens. So it is made in a folder that nobody else can enter, and moved when it is as it
 * should be: at `path` it was never more open.
 */
export async function listenBehind<T>(
  { path, mode }: { readonly path: string; readonly mode: number },
  listenAt: (prepared: string) => Promise<T>,
): Promise<T> {
  const folder = await mkdtemp(join(dirname(path), PREPARED))
  try {
    const prepared = join(folder, 's')
    const listening = await listenAt(prepared)
    await chmod(prepared, mode)
    await rename(prepared, path)
    return listening
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // In a process of node:cluster it would be the primary that listens, and hand over connections.
    server.listen({ path, exclusive: true }, () => {
      server.off('error', reject)
      resolve()
    })
  })
}
