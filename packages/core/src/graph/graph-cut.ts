/** A service that runs elsewhere although its code is here. */
export interface Elsewhere {
  readonly url: string
  /** Which setting says so, for people. */
  readonly source: string
}

/** Which part of a graph runs here. JSON: every worker is told. */
export interface GraphCut {
  /** The service that is served instead of the entry, alone. */
  readonly only?: string | undefined
  /** By service name. */
  readonly depends: Readonly<Record<string, Elsewhere>>
}

/** All of it. */
export const WHOLE_GRAPH: GraphCut = { depends: {} }

/** Where a service runs that does not run here. */
export function elsewhere({ depends }: GraphCut, service: string): Elsewhere | undefined {
  return Object.hasOwn(depends, service) ? depends[service] : undefined
}
