import {
  account,
  adminAddress,
  boolean,
  host,
  integer,
  milliseconds,
  name,
  oneOf,
  orWord,
  port,
  remoteUrl,
  seconds,
  string,
  type ValueKind,
  variableNames,
  workerAddress,
  workerCount,
} from './value-kinds.js'

/** Where an option can be given beside the command line and the environment. */
export type OptionPlace = 'code' | 'file'

/** One option of `ekiben serve` and `serveHttpProduction`. */
export interface OptionRow {
  /** Its name in code and in the configuration file. */
  readonly key: string
  readonly flag: string
  readonly short?: string
  /** Placeholder of its value on the command line; undefined: a switch. */
  readonly value?: string
  readonly repeatable?: boolean
  readonly env: string
  readonly kind: ValueKind
  /** In milliseconds for a duration; undefined: what `defaultText` says. */
  readonly default?: unknown
  readonly defaultText: string
  readonly description: string
  /** A duration has two names in code and file: the flag's own in seconds, and this one in milliseconds. */
  readonly msKey?: string
  readonly msKind?: ValueKind
  readonly places: readonly OptionPlace[]
}

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export const LOG_FORMATS = ['pretty', 'json'] as const

const BOTH: readonly OptionPlace[] = ['code', 'file']

/** Every option that works. A row per option: parsing, `--help`, docs/configuration.md and near names come from it. */
export const OPTIONS: readonly OptionRow[] = [
  {
    key: 'port',
    flag: 'port',
    short: 'p',
    value: 'N',
    env: 'EKIBEN_PORT',
    kind: port,
    default: 3000,
    defaultText: '3000',
    description: 'TCP port; 0 takes any free one. The variable PORT is the last fallback',
    places: BOTH,
  },
  {
    key: 'host',
    flag: 'host',
    value: 'H',
    env: 'EKIBEN_HOST',
    kind: host,
    default: '0.0.0.0',
    defaultText: '0.0.0.0',
    description: 'address or host name to listen on',
    places: BOTH,
  },
  {
    key: 'backlog',
    flag: 'backlog',
    value: 'N',
    env: 'EKIBEN_BACKLOG',
    kind: integer(1, 2 ** 31 - 1),
    default: 2048,
    defaultText: '2048',
    description: 'connections that may wait to be accepted',
    places: BOTH,
  },
  {
    key: 'apiWorkers',
    flag: 'api-workers',
    value: 'N',
    env: 'EKIBEN_API_WORKERS',
    kind: workerCount,
    defaultText: "the service's own, 1",
    description: 'processes of the entry service; cpu: one for each usable core',
    places: BOTH,
  },
  {
    key: 'workers',
    flag: 'workers',
    value: 'NAME=N',
    repeatable: true,
    env: 'EKIBEN_WORKERS',
    kind: workerCount,
    defaultText: "each service's own, 1",
    description: 'processes of a service; in a variable A=2,B=cpu; in code and file { A: 2 }',
    places: BOTH,
  },
  {
    key: 'depends',
    flag: 'depends',
    value: 'NAME=URL',
    repeatable: true,
    env: 'EKIBEN_DEPENDS',
    kind: remoteUrl,
    defaultText: 'all run here',
    description:
      'where a service of the graph runs that is not run here; in a variable A=URL,B=URL; in code and file { A: URL }',
    places: BOTH,
  },
  {
    key: 'only',
    flag: 'only',
    value: 'NAME',
    env: 'EKIBEN_ONLY',
    kind: name,
    defaultText: 'the whole graph',
    description: 'serve this service of the graph alone; what it depends on is given by --depends',
    places: BOTH,
  },
  {
    key: 'timeout',
    flag: 'timeout',
    value: 'S',
    env: 'EKIBEN_TIMEOUT',
    kind: orWord('none', seconds(1)),
    msKey: 'timeoutMs',
    msKind: orWord('none', milliseconds(1)),
    defaultText: 'none',
    description: 'time a request may take, for a stream to its first item',
    places: BOTH,
  },
  {
    key: 'timeoutKeepAlive',
    flag: 'timeout-keep-alive',
    value: 'S',
    env: 'EKIBEN_TIMEOUT_KEEP_ALIVE',
    kind: seconds(1),
    msKey: 'timeoutKeepAliveMs',
    msKind: milliseconds(1),
    default: 75_000,
    defaultText: '75',
    description: 'time an idle connection is kept open',
    places: BOTH,
  },
  {
    key: 'timeoutGracefulShutdown',
    flag: 'timeout-graceful-shutdown',
    value: 'S',
    env: 'EKIBEN_TIMEOUT_GRACEFUL_SHUTDOWN',
    kind: seconds(0),
    msKey: 'timeoutGracefulShutdownMs',
    msKind: milliseconds(0),
    default: 25_000,
    defaultText: '25',
    description: 'time the whole stop may take before what is left is killed',
    places: BOTH,
  },
  {
    key: 'workingDir',
    flag: 'working-dir',
    value: 'D',
    env: 'EKIBEN_WORKING_DIR',
    kind: string,
    defaultText: '.',
    description: 'folder in which the identifier is looked up and the workers run',
    places: ['code'],
  },
  {
    key: 'config',
    flag: 'config',
    value: 'F',
    env: 'EKIBEN_CONFIG',
    kind: string,
    defaultText: 'ekiben.config.{ts,js,mjs,cjs,json} in the working directory',
    description: 'configuration file',
    places: ['code'],
  },
  {
    key: 'set',
    flag: 'set',
    value: 'KEY=VALUE',
    repeatable: true,
    env: 'EKIBEN_SET',
    kind: string,
    defaultText: 'nothing',
    description: 'any setting of the configuration file; NAME.KEY=VALUE for one service; in a variable a=1;b=2',
    places: [],
  },
  {
    key: 'logLevel',
    flag: 'log-level',
    value: 'L',
    env: 'EKIBEN_LOG_LEVEL',
    kind: oneOf(LOG_LEVELS),
    default: 'info',
    defaultText: 'info',
    description: `least level that is logged: ${LOG_LEVELS.join(', ')}`,
    places: BOTH,
  },
  {
    key: 'logFormat',
    flag: 'log-format',
    value: 'F',
    env: 'EKIBEN_LOG_FORMAT',
    kind: oneOf(LOG_FORMATS),
    defaultText: 'pretty on a terminal, else json',
    description: 'lines for people (pretty) or for machines (json)',
    places: BOTH,
  },
  {
    key: 'accessLog',
    flag: 'access-log',
    env: 'EKIBEN_ACCESS_LOG',
    kind: boolean,
    default: true,
    defaultText: 'on; --no-access-log turns it off',
    description: 'one line for each request',
    places: BOTH,
  },
  {
    key: 'name',
    flag: 'name',
    value: 'NAME',
    env: 'EKIBEN_NAME',
    kind: name,
    defaultText: "the entry service's name",
    description: 'name of the app, and default of --instance',
    places: BOTH,
  },
  {
    key: 'instance',
    flag: 'instance',
    value: 'NAME',
    env: 'EKIBEN_INSTANCE',
    kind: name,
    defaultText: 'the value of --name',
    description: 'name of this running instance, where one app runs more than once',
    places: BOTH,
  },
  {
    key: 'user',
    flag: 'user',
    value: 'U',
    env: 'EKIBEN_USER',
    kind: account,
    defaultText: "the supervisor's own",
    description: 'user, by name or id, that the workers run as; the supervisor must be root',
    places: BOTH,
  },
  {
    key: 'group',
    flag: 'group',
    value: 'G',
    env: 'EKIBEN_GROUP',
    kind: account,
    defaultText: "the user's own",
    description: 'group, by name or id, that the workers run as, and the only one',
    places: BOTH,
  },
  {
    key: 'envAllow',
    flag: 'env-allow',
    value: 'NAMES',
    env: 'EKIBEN_ENV_ALLOW',
    kind: variableNames,
    defaultText: 'all',
    description: 'variables that workers inherit; in flag and variable A,B,PREFIX*; in code and file a list',
    places: BOTH,
  },
  {
    key: 'pidfile',
    flag: 'pidfile',
    value: 'F',
    env: 'EKIBEN_PIDFILE',
    kind: string,
    defaultText: 'none',
    description: "file for the supervisor's process number, while it runs",
    places: BOTH,
  },
  {
    key: 'admin',
    flag: 'admin',
    value: 'HOST:PORT|PATH',
    env: 'EKIBEN_ADMIN',
    kind: adminAddress,
    defaultText: 'off',
    description: 'where the supervisor itself answers /livez, /readyz, /metrics and /status; a path is a Unix socket',
    places: BOTH,
  },
  {
    key: 'workerListen',
    flag: 'worker-listen',
    value: 'ADDRESS',
    env: 'EKIBEN_WORKER_LISTEN',
    kind: workerAddress,
    defaultText: 'none',
    description:
      "of an app: an address of its own for each worker, beside the shared one; 'unix:/run/app/{slot}.sock' or '127.0.0.1:{4000+slot}'",
    places: BOTH,
  },
  {
    key: 'dryRun',
    flag: 'dry-run',
    env: 'EKIBEN_DRY_RUN',
    kind: boolean,
    default: false,
    defaultText: 'off',
    description: 'print the plan as JSON, secrets redacted, and stop',
    places: [],
  },
  {
    key: 'explain',
    flag: 'explain',
    env: 'EKIBEN_EXPLAIN',
    kind: boolean,
    default: false,
    defaultText: 'off',
    description: 'with --dry-run: say where each value comes from',
    places: [],
  },
]

/** The row of an option, by its key. */
export function optionRow(key: string): OptionRow {
  const row = OPTIONS.find((option) => option.key === key)
  if (row === undefined) throw new RangeError(`no option ${key}`)
  return row
}
