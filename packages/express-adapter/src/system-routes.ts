import type { IncomingMessage } from 'node:http'
import type { Mount } from '@ekiben/core/adapter'
import { chainOf, type ExpressApp, type Handle, type Layer, type Middleware, matchLayer } from './app-chain.js'

/** Of what answers them, by a name that both builds of this package know. */
const kSystem: unique symbol = Symbol.for('ekiben.express.system') as never

/** Probes and pages: below the path of the mount, until it is known which app they are for, and then at its root. */
export class SystemRoutes {
  readonly #mount: Mount
  readonly #paths: ReadonlySet<string>
  #isAtRoot = false

  constructor(mount: Mount) {
    this.#mount = mount
    this.#paths = new Set(mount.routes.flatMap(({ api, path }) => (api === undefined ? [path] : [])))
  }

  /** Is it for a path that is answered at the root instead? */
  passes({ method, url = '' }: IncomingMessage): boolean {
    return this.#isAtRoot && method !== 'POST' && this.#paths.has(url.split('?', 1)[0] as string)
  }

  /** A route of the app's own at the same path, before or behind, is asked in place of theirs. */
  addTo(app: ExpressApp): void {
    if (this.#isAtRoot) return
    this.#isAtRoot = true
    for (const path of this.#paths) {
      const answer: Middleware = (request, response, next) =>
        hasOwn(chainOf(app), path) ? next() : this.#mount.node(request, response, next)
      app.get(path, Object.assign(answer, { [kSystem]: true }))
    }
  }
}

/** Has the app itself a route for exactly this, and not by a pattern? */
function hasOwn(chain: readonly Layer[], path: string): boolean {
  return chain.some((layer) => {
    const matched = matchLayer(layer, path)
    if (matched === undefined) return false
    const { route, handle } = layer
    if (route === undefined) return handle.stack !== undefined && hasOwn(handle.stack, matched.rest)
    return (
      [route.path].flat().includes(path) &&
      route.stack.some((each) => (each.method ?? 'get') === 'get' && !isSystem(each.handle))
    )
  })
}

function isSystem(handle: Handle & { readonly [kSystem]?: true }): boolean {
  return handle[kSystem] === true
}
