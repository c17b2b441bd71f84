/**
 * Files that only decide: no I/O, no timers, no clock, no randomness, no process. They take what they need as
 * arguments, so that they can be tested as tables and reasoned about alone. A pure file imports only pure files
 * (types from anywhere).
 *
 * By folder of packages/core/src: the pure ones, or all but those that act. Each name must be that of a file.
 */
export const PURE_FILES = {
  call: [
    'check-value',
    'frame',
    'frame-reader',
    'grace-budget',
    'hello',
    'item-queue',
    'restore-value',
    'stream-window',
    'value-kinds',
  ],
  client: [
    'api-shape',
    'client-error',
    'encode-input',
    'find-unsendable',
    'line-splitter',
    'network-reason',
    'value-tags',
  ],
  control: ['control-protocol', 'readiness'],
  config: { allBut: ['config-reader-entry', 'find-app', 'read-config', 'resolve-serve-settings', 'typescript-flags'] },
  development: ['app-status', 'code-frame', 'watch-rules', 'written-files'],
  errors: { allBut: [] },
  graph: { allBut: [] },
  http: [
    'cors',
    'error-answer',
    'form-input',
    'gate',
    'http-answer',
    'json-depth',
    'json-error',
    'mount-table',
    'no-route',
    'page-files',
    'prefix-routes',
    'parse-input',
    'route-table',
    'schema-document',
  ],
  identifier: ['failure-reason', 'parse-identifier', 'resolve-exports', 'select-service'],
  ipc: ['app-socket', 'protocol', 'watch-line', 'worker-variables'],
  metrics: { allBut: [] },
  net: ['parse-inspect-address', 'parse-proc-net', 'slot-address', 'socket-url'],
  observe: ['format-log-line'],
  openapi: { allBut: [] },
  plan: { allBut: ['read-machine'] },
  runner: ['api-stream', 'field-kinds', 'schema-kind', 'validation-error'],
  service: { allBut: ['declare-service', 'define-service'] },
  supervisor: [
    'choose-runtime-dir',
    'entry-process',
    'liveness',
    'memory-headroom',
    'reconcile',
    'instance-health',
    'notify-message',
    'recycling',
    'restart-budget',
    'restart-policy',
    'retire-generations',
    'rollout-steps',
    'service-outages',
    'share-connections',
    'service-restarts',
    'signal-action',
    'start-order',
    'stop-budget',
    'supervisor-state',
    'worker-environment',
    'worker-exec-argv',
    'worker-exit',
  ],
  tls: ['handshake-failure', 'judge-certificate', 'pem-blocks', 'tls-identity'],
  util: [
    'beat',
    'changes',
    'deferred',
    'near-names',
    'normalise-prefix',
    'one-at-a-time',
    'parse-bytes',
    'parse-proc-stat',
    'probed-names',
    'shared-state',
    'version',
    'cpu-count',
  ],
  worker: ['lifecycle', 'output-tail'],
}

/** Files that are called so are pure wherever they lie. */
export const PURE_NAMES = /(^|\/)(parse|select|pick|choose|format)-[^/]+\.ts$/

/** Packages that pure files may use: they compute, and do nothing else. */
export const PURE_PACKAGES = ['msgpackr']

/** Whether a file is meant to be pure, by its path below packages/core/src. */
export function isPure(path) {
  if (PURE_NAMES.test(path)) return true
  const [, folder, name] = /^([^/]+)\/([^/]+)\.ts$/.exec(path) ?? []
  const rule = PURE_FILES[folder] ?? []
  return Array.isArray(rule) ? rule.includes(name) : !rule.allBut.includes(name)
}

/** The files that the table names, as paths below packages/core/src. */
export function namedFiles() {
  return Object.entries(PURE_FILES).flatMap(([folder, rule]) =>
    (Array.isArray(rule) ? rule : rule.allBut).map((name) => `${folder}/${name}.ts`),
  )
}
