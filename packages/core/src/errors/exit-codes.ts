import { CATALOGUE, type ErrorCode, type ErrorRow } from './catalogue.js'
import { isServiceError } from './service-error.js'

/** What a process of Ekiben ends with. Fixed: scripts and service managers match on them. */
export const EXIT = {
  clean: 0,
  unexpected: 1,
  usage: 2,
  bootFailed: 3,
  loadFailed: 4,
  flapping: 5,
  cannotBind: 6,
  killedSomething: 7,
  forcedByInterrupt: 130,
  forcedByTerminate: 143,
} as const

/** The exit code that belongs to an error, as the command `ekiben` would end with it; 1 for what is not in the catalogue. */
export function exitCodeOf(error: unknown): number {
  if (!isServiceError(error) || !Object.hasOwn(CATALOGUE, error.code)) return EXIT.unexpected
  const row: ErrorRow<never> = CATALOGUE[error.code as ErrorCode]
  return row.exitCode ?? EXIT.unexpected
}
