import type { DevelopmentHosting } from './foreign-origin.js'

/** How the built-in host stands to what is around it. */
export interface EdgeSettings {
  /** Which routes of the host's own answer. Default: all. */
  readonly systemRoutes?: 'all' | 'probes' | 'none'
  /** What the path of every other route begins with. Default: nothing. */
  readonly prefix?: string
  /** Whose word on a client's address is taken: anybody's, or that of these networks. Default: nobody's. */
  readonly trustProxy?: true | readonly string[] | undefined
  /** For whoever works on the code: pages of other origins are refused, and answers show stacks. Default: neither. */
  readonly development?: DevelopmentHosting | undefined
}
