import { APP_READY } from './app-ready.js'
import { SSL_CLIENT_CERTS, SSL_MIN_VERSIONS } from './ssl-settings.js'
import {
  account,
  adminAddress,
  boolean,
  host,
  inspectAddress,
  integer,
  milliseconds,
  mode,
  name,
  oneOf,
  orWord,
  port,
  remoteUrl,
  routePrefix,
  seconds,
  secret,
  string,
  trustProxy,
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
  /** It is no flag: every user of the machine can read the command line of a process. Its value is never shown. */
  readonly secret?: boolean
  readonly env: string
  readonly kind: ValueKind
  /** In milliseconds for a duration; undefined: what `defaultText` says. */
  readonly default?: unknown
  readonly defaultText: string
  /** Where it is another for those who run an app. */
  readonly defaultOf?: Readonly<Partial<Record<OptionTaker, string>>>
  readonly description: string
  /** A duration has two names in code and file: the flag's own in seconds, and this one in milliseconds. */
  readonly msKey?: string
  readonly msKind?: ValueKind
  readonly places: readonly OptionPlace[]
  /** Who has a use for it. Default: all. */
  readonly takenBy?: readonly OptionTaker[]
  /** Commands that take it from elsewhere than their own line: what it is about is not what they are given. */
  readonly noFlagOf?: readonly OptionTaker[]
  /** What stands in for it, for those who have no use for it. */
  readonly instead?: string
  /** It has no effect without pools of workers, as in development mode. */
  readonly needs?: 'pools'
}

/** Who takes options: two commands, and two functions. */
export const OPTION_TAKERS = ['serve', 'run', 'serveHttpProduction', 'bootstrapProduction'] as const
export type OptionTaker = (typeof OPTION_TAKERS)[number]

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const
export const LOG_FORMATS = ['pretty', 'json'] as const

export const SYSTEM_ROUTES = ['all', 'probes', 'none'] as const

const BOTH: readonly OptionPlace[] = ['code', 'file']
/** What an app of the user's decides by itself. */
export const SERVING: readonly OptionTaker[] = ['serve', 'serveHttpProduction']
/** What only the workers of an app have. */
const APPS: readonly OptionTaker[] = ['run', 'bootstrapProduction']
/** What a main file cannot say of itself. */
const RUN: readonly OptionTaker[] = ['run']
/** What is about the command itself. */
const COMMANDS: readonly OptionTaker[] = ['serve', 'run']

/** Nothing of ours stands in for it. */
export const LEFT_TO_APP = "the app's own"

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
    defaultOf: { run: LEFT_TO_APP },
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
    defaultOf: { run: LEFT_TO_APP },
    description: 'address or host name to listen on',
    places: BOTH,
  },
  {
    key: 'uds',
    flag: 'uds',
    value: 'PATH',
    env: 'EKIBEN_UDS',
    kind: string,
    defaultText: 'none',
    description: 'path of a Unix socket to listen on instead of host and port',
    places: BOTH,
  },
  {
    key: 'udsMode',
    flag: 'uds-mode',
    value: 'MODE',
    env: 'EKIBEN_UDS_MODE',
    kind: mode,
    default: '660',
    defaultText: '660',
    description: 'who may connect to the Unix socket: octal digits, in code and file as a text',
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
    defaultOf: { run: '1', bootstrapProduction: '1' },
    description: 'processes of the entry service; cpu: one for each usable core',
    places: BOTH,
    needs: 'pools',
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
    noFlagOf: RUN,
    needs: 'pools',
  },
  {
    key: 'threaded',
    flag: 'threaded',
    env: 'EKIBEN_THREADED',
    kind: boolean,
    defaultText: 'each service as it says; processes',
    description: 'workers are threads of a host process instead of processes; --no-threaded: none is',
    places: BOTH,
    noFlagOf: RUN,
    needs: 'pools',
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
    takenBy: SERVING,
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
    takenBy: SERVING,
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
    takenBy: SERVING,
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
    defaultOf: { run: LEFT_TO_APP, bootstrapProduction: LEFT_TO_APP },
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
    takenBy: SERVING,
  },
  {
    key: 'developmentMode',
    flag: 'development',
    env: 'EKIBEN_DEVELOPMENT',
    kind: boolean,
    default: false,
    defaultText: 'off',
    description: 'run everything in one process, for work on the code; listens on 127.0.0.1 unless a host is given',
    places: BOTH,
  },
  {
    key: 'reload',
    flag: 'reload',
    env: 'EKIBEN_RELOAD',
    kind: boolean,
    default: false,
    defaultText: 'off',
    description: 'take a change of a file into service: by a restart in development, else by a rolling reload',
    places: BOTH,
  },
  {
    key: 'inspect',
    flag: 'inspect',
    value: 'HOST:PORT',
    env: 'EKIBEN_INSPECT',
    kind: inspectAddress,
    defaultText: 'off; alone 127.0.0.1:9229',
    description: 'with --development: where a debugger can attach to the process that runs the code',
    places: BOTH,
  },
  {
    key: 'name',
    flag: 'name',
    value: 'NAME',
    env: 'EKIBEN_NAME',
    kind: name,
    defaultText: "the entry service's name",
    defaultOf: { run: "its package's", bootstrapProduction: "its package's" },
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
    needs: 'pools',
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
    needs: 'pools',
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
    takenBy: APPS,
    needs: 'pools',
  },
  {
    key: 'appPort',
    flag: 'app-port',
    value: 'N',
    env: 'EKIBEN_APP_PORT',
    kind: integer(1, 65_535),
    defaultText: 'none',
    description: 'a port that the app listens on although PORT is another',
    places: [],
    takenBy: RUN,
  },
  {
    key: 'ready',
    flag: 'ready',
    value: 'WHEN',
    env: 'EKIBEN_READY',
    kind: oneOf(APP_READY),
    default: 'listen',
    defaultText: 'listen',
    description:
      "when a worker is ready: when it listens (listen), at process.send('ready') (message), or at once, for an app that never listens (start)",
    places: [],
    takenBy: RUN,
  },
  {
    key: 'sslCertfile',
    flag: 'ssl-certfile',
    value: 'F',
    env: 'EKIBEN_SSL_CERTFILE',
    kind: string,
    defaultText: 'off',
    description: 'certificate, with those between it and its authority below it, as PEM: serve HTTPS',
    places: BOTH,
  },
  {
    key: 'sslKeyfile',
    flag: 'ssl-keyfile',
    value: 'F',
    env: 'EKIBEN_SSL_KEYFILE',
    kind: string,
    defaultText: 'off',
    description: 'private key of the certificate, as PEM; its password is taken from EKIBEN_SSL_KEYFILE_PASSWORD',
    places: BOTH,
  },
  {
    key: 'sslKeyfilePassword',
    flag: 'ssl-keyfile-password',
    secret: true,
    env: 'EKIBEN_SSL_KEYFILE_PASSWORD',
    kind: secret,
    defaultText: 'none',
    description: 'password of the private key; never a flag, where everybody on the machine could read it',
    places: BOTH,
  },
  {
    key: 'sslCaCerts',
    flag: 'ssl-ca-certs',
    value: 'F',
    env: 'EKIBEN_SSL_CA_CERTS',
    kind: string,
    defaultText: 'off',
    description: 'authorities of client certificates, as PEM: clients must show one',
    places: BOTH,
  },
  {
    key: 'sslClientCert',
    flag: 'ssl-client-cert',
    value: 'WHEN',
    env: 'EKIBEN_SSL_CLIENT_CERT',
    kind: oneOf(SSL_CLIENT_CERTS),
    default: 'required',
    defaultText: 'required',
    description: 'with --ssl-ca-certs: required, or optional (a client may show none, or one of somebody else)',
    places: BOTH,
  },
  {
    key: 'sslCiphers',
    flag: 'ssl-ciphers',
    value: 'S',
    env: 'EKIBEN_SSL_CIPHERS',
    kind: string,
    defaultText: "Node's own",
    description: 'cipher suites, as OpenSSL writes them',
    places: BOTH,
  },
  {
    key: 'sslMinVersion',
    flag: 'ssl-min-version',
    value: 'V',
    env: 'EKIBEN_SSL_MIN_VERSION',
    kind: oneOf(SSL_MIN_VERSIONS),
    default: 'TLSv1.2',
    defaultText: 'TLSv1.2',
    description: `least version of TLS that is spoken: ${SSL_MIN_VERSIONS.join(' or ')}`,
    places: BOTH,
  },
  {
    key: 'systemRoutes',
    flag: 'system-routes',
    value: 'WHICH',
    env: 'EKIBEN_SYSTEM_ROUTES',
    kind: oneOf(SYSTEM_ROUTES),
    default: 'all',
    defaultText: 'all',
    description: 'routes of our own beside the apis: all, probes (/livez, /healthz, /readyz) or none',
    places: BOTH,
    takenBy: SERVING,
    instead:
      "The paths of an app are its own: --admin has probes and metrics of the instance, and a mount of services takes { system: 'probes' }.",
  },
  {
    key: 'prefix',
    flag: 'prefix',
    value: 'P',
    env: 'EKIBEN_PREFIX',
    kind: routePrefix,
    default: '',
    defaultText: 'none',
    description: 'what the path of every api begins with, such as /ml; routes of our own stay where they are',
    places: BOTH,
    takenBy: SERVING,
  },
  {
    key: 'trustProxy',
    flag: 'trust-proxy',
    env: 'EKIBEN_TRUST_PROXY',
    kind: trustProxy,
    default: false,
    defaultText: 'off',
    description:
      'take the word of proxies on the client (X-Forwarded-For, -Host, -Proto); elsewhere than as a flag also a list of their addresses and networks',
    places: BOTH,
    takenBy: SERVING,
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
    takenBy: COMMANDS,
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
    takenBy: COMMANDS,
  },
]

/** The row of an option, by its key. */
export function optionRow(key: string): OptionRow {
  const row = OPTIONS.find((option) => option.key === key)
  if (row === undefined) throw new RangeError(`no option ${key}`)
  return row
}
