import { createError, type Mount } from '@ekiben/core/adapter'

/** What an app calls in its turn. With one or two parameters it takes no `next`: nothing behind it is asked. */
interface Handle {
  readonly length: number
  /** Of a router. */
  readonly stack?: readonly Layer[]
}

/** A part of an app's chain, as Express 4 and 5 have it. */
interface Layer {
  readonly handle: Handle
  readonly path?: string
  readonly route?: { readonly stack: readonly { readonly method?: string; readonly handle: Handle }[] }
  /** What it matched, of a router the part that is before its own, is in what it gives or, in older ones, in itself. */
  match(path: string): boolean | { readonly path: string }
}

type Chain = { readonly stack: readonly Layer[] }

/** An app: Express 5 has its chain as `router`, a name that throws in Express 4. */
export interface ExpressApp {
  readonly _router?: Chain
  readonly router: Chain
}

/** Throws where the app answers what is to be an api's before the mount is asked: it would never be. */
export function refuseTaken({ routes }: Mount, app: ExpressApp, mountPath: unknown): void {
  const { stack } = app._router ?? app.router
  const bases = [mountPath].flat().filter((each) => typeof each === 'string')
  for (const { method, path: route, api, service } of routes) {
    const path = bases.map((base) => `${base}${route}`.replace(/^\/+/, '/')).find((each) => takes(stack, each))
    if (api === undefined || path === undefined) continue
    throw createError('EKB_ERR_MOUNT_ROUTE_TAKEN', { api: `${service}.${api}`, method, path })
  }
}

function takes(stack: readonly Layer[], path: string): boolean {
  return stack.some((layer) => {
    const match = layer.match(path)
    if (match === false) return false
    const { route, handle } = layer
    if (route !== undefined) {
      return route.stack.some((each) => (each.method ?? 'post') === 'post' && isLast(each.handle))
    }
    if (handle.stack === undefined) return isLast(handle)
    const { path: before = '' } = match === true ? layer : match
    return takes(handle.stack, `/${path.slice(before.length)}`.replace(/^\/+/, '/'))
  })
}

/** None at all says nothing: `(...all) => …` may hand on. */
function isLast({ length }: Handle): boolean {
  return length === 1 || length === 2
}
