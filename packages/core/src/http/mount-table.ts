import type { RequestHandler } from '../service/service-definition.js'

/** A request handler of the user's, and the path below which requests are its own. */
export interface Mount {
  /** `/` or without a slash at its end. */
  readonly path: string
  readonly handler: RequestHandler
}

/** The mount that a path falls to: of several the longest; undefined: none. */
export function matchMount(mounts: readonly Mount[], path: string): Mount | undefined {
  let found: Mount | undefined
  for (const mount of mounts) {
    if (isBelow(path, mount.path) && mount.path.length >= (found?.path.length ?? 0)) found = mount
  }
  return found
}

/** A request target as a mounted handler sees it: without the path it is mounted at. */
export function targetBelow(target: string, { path }: Mount): string {
  // A proxy's client sends the origin too: the handler gets what follows it.
  const local = target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '') || '/'
  const rest = path === '/' ? local : local.slice(path.length)
  return rest.startsWith('/') ? rest : `/${rest}`
}

function isBelow(path: string, mounted: string): boolean {
  return mounted === '/' || path === mounted || path.startsWith(`${mounted}/`)
}
