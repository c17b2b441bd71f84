import type { Environment, FlagValues } from '../config/layer-from-text.js'

/** What a command is run with. */
export interface CommandInput {
  readonly identifier: string | undefined
  /** By option key; only what was given. */
  readonly flags: FlagValues
  readonly env: Environment
  readonly cwd: string
}
