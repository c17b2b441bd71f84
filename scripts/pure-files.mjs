/**
 * Files that only decide: no I/O, no timers, no clock, no randomness, no process. They take what they need as
 * arguments, so that they can be tested as tables and reasoned about alone.
 *
 * Regular expressions on the path below packages/core/src. Each must match a file; a pure file may import only
 * pure files (types from anywhere).
 */
export const PURE_FILES = [
  '^errors/',
  '^graph/',
  '^plan/(?!read-machine)',
  '^service/',
  '^identifier/(parse|select|resolve-exports|failure-reason)',
  '^supervisor/(reconcile|restart-policy|supervisor-state)\\.',
  '^worker/lifecycle\\.',
  '^ipc/protocol\\.',
  '^call/(frame|pick-worker|check-value|wire)\\.',
  '^http/(route-table|parse-input|error-answer|schema-document)\\.',
  '^config/(?!read-|resolve-|config-reader)',
  '(^|/)format(-[^/]+)?\\.',
  '^util/(near-names|deferred|parse-bytes|cpu-count)\\.',
]

/** Packages that pure files may use: they compute, and do nothing else. */
export const PURE_PACKAGES = ['msgpackr']
