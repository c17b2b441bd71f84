import type { IncomingMessage, ServerResponse } from 'node:http'

/** What an app calls in its turn. With one or two parameters it takes no `next`: nothing behind it is asked. */
export interface Handle {
  readonly name: string
  readonly length: number
  /** Of a router. */
  readonly stack?: readonly Layer[]
}

export interface Route {
  readonly path: unknown
  readonly stack: readonly { readonly method?: string; readonly handle: Handle }[]
}

/** A part of an app's chain, as Express 4 and 5 have it. */
export interface Layer {
  readonly handle: Handle
  readonly path?: string
  readonly route?: Route
  /** What it matched, of a router the part that is before its own, is in what it gives or, in older ones, in itself. */
  match(path: string): boolean | { readonly path: string }
}

type Chain = { readonly stack: readonly Layer[] }

export type Middleware = (request: IncomingMessage, response: ServerResponse, next: (error?: unknown) => void) => void

/** An app: Express 5 has its chain as `router`, a name that throws in Express 4. */
export interface ExpressApp {
  readonly _router?: Chain
  readonly router: Chain
  get(path: string, answer: Middleware): unknown
  /** Where it is mounted itself, in an app that uses it. */
  path(): string
}

export function chainOf(app: ExpressApp): readonly Layer[] {
  return (app._router ?? app.router).stack
}

/** What a layer is asked by a request of this path: `rest` is left of it for the routes of a router; undefined: nothing. */
export function matchLayer(layer: Layer, path: string): { readonly rest: string } | undefined {
  const match = layer.match(path)
  if (match === false) return undefined
  const { path: before = '' } = match === true ? layer : match
  return { rest: `/${path.slice(before.length)}`.replace(/^\/+/, '/') }
}
