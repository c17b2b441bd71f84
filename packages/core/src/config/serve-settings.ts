import type { CorsPolicy } from '../http/cors.js'
import type { InspectAddress } from '../net/parse-inspect-address.js'
import type { ServiceClass, ServiceSettings, SupervisionOptions } from '../service/service-definition.js'
import type { AppReady } from './app-ready.js'
import type { CorsOptions } from './cors-settings.js'
import type { LOG_FORMATS, LOG_LEVELS, SYSTEM_ROUTES } from './options.js'
import type { ServiceManager } from './service-manager.js'
import type { SslSettings } from './ssl-settings.js'

export type LogLevel = (typeof LOG_LEVELS)[number]
export type LogFormat = (typeof LOG_FORMATS)[number]

/** What can be set for one service beside what its class declares. Its `workers` are kept apart. @internal */
export type ServiceOverrides = Omit<ServiceSettings, 'name' | 'workers'>

/** Settings of one service in the configuration file and in code. */
export type ServiceConfig = Omit<ServiceSettings, 'name'>

/** What the configuration file exports. Durations: seconds, or milliseconds under the name that ends in `Ms`. */
export interface EkibenConfig {
  /** TCP port; 0 takes any free one. Default 3000. */
  readonly port?: number | undefined
  /** Address or host name to listen on. Default `0.0.0.0`. */
  readonly host?: string | undefined
  /** Path of a Unix socket to listen on instead of `host` and `port`. Default: none. */
  readonly uds?: string | undefined
  /** Who may connect to the Unix socket, in octal digits. Default `'660'`. */
  readonly udsMode?: string | undefined
  /** Connections that may wait to be accepted. Default 2048. */
  readonly backlog?: number | undefined
  /** Processes of the entry service, or `'cpu'` for one per usable core. Default: the service's own `workers`, 1. */
  readonly apiWorkers?: number | 'cpu' | undefined
  /** Processes of a service, by its name. Default: each service's own, 1. */
  readonly workers?: Readonly<Record<string, number | 'cpu'>> | undefined
  /** Workers are threads of a host process (true) or processes (false). Default: as each service says; processes. */
  readonly threaded?: boolean | undefined
  /** The service of the graph that is served instead of the entry, alone. Default: the whole graph. */
  readonly only?: string | undefined
  /** By service name: where one runs that does not run here, as an http or https URL. Default: all run here. */
  readonly depends?: Readonly<Record<string, string>> | undefined
  /** Seconds a request may take; a stream: to its first item. Default: no limit. */
  readonly timeout?: number | 'none' | undefined
  /** `timeout` in milliseconds; give one of the two. */
  readonly timeoutMs?: number | 'none' | undefined
  /** Seconds an idle connection is kept open. Default 75. */
  readonly timeoutKeepAlive?: number | undefined
  /** `timeoutKeepAlive` in milliseconds; give one of the two. */
  readonly timeoutKeepAliveMs?: number | undefined
  /** Seconds the whole stop may take before what is left is killed. Default 25. */
  readonly timeoutGracefulShutdown?: number | undefined
  /** `timeoutGracefulShutdown` in milliseconds; give one of the two. */
  readonly timeoutGracefulShutdownMs?: number | undefined
  /** Least level that is logged. Default `'info'`. */
  readonly logLevel?: LogLevel | undefined
  /** Lines for people or for machines. Default: `'pretty'` on a terminal, else `'json'`. */
  readonly logFormat?: LogFormat | undefined
  /** One line for each request. Default true. */
  readonly accessLog?: boolean | undefined
  /** Run everything in one process, for work on the code; it listens on 127.0.0.1 unless a host is given. Default false. */
  readonly developmentMode?: boolean | undefined
  /** Take a change of a file into service: by a restart in development, else by a rolling reload. Default false. */
  readonly reload?: boolean | undefined
  /** In development: where a debugger can attach, `'HOST:PORT'` or one of the two; true: `127.0.0.1:9229`. Default: nowhere. */
  readonly inspect?: string | number | boolean | undefined
  /** Name of the app, and default of `instance`. Default: the entry service's name. */
  readonly name?: string | undefined
  /** Name of this running instance, where one app runs more than once. Default: `name`. */
  readonly instance?: string | undefined
  /** User, by name or id, that the workers run as; the supervisor must be root. Default: the supervisor's own. */
  readonly user?: string | number | undefined
  /** Group, by name or id, that the workers run as. Default: the user's own. */
  readonly group?: string | number | undefined
  /** Variables that workers inherit, `PREFIX*` among them; a service's own list wins. Default: all. */
  readonly envAllow?: readonly string[] | undefined
  /** File for the supervisor's process number, while it runs. Default: none. */
  readonly pidfile?: string | undefined
  /**
   * Where the supervisor itself answers `/livez`, `/readyz`, `/metrics` and `/status`: `'HOST:PORT'`, or the path of a
   * Unix socket. Default: nowhere.
   */
  readonly admin?: string | undefined
  /**
   * Of an app (`ekiben run`, `bootstrapProduction`): an address of its own for each worker, beside the shared one, as
   * `'unix:/run/app/{slot}.sock'` or `'127.0.0.1:{4000+slot}'`. Default: none.
   */
  readonly workerListen?: string | undefined
  /** Certificate, with those between it and its authority below it, as PEM: serve HTTPS. Default: off. */
  readonly sslCertfile?: string | undefined
  /** Private key of the certificate, as PEM. */
  readonly sslKeyfile?: string | undefined
  /** Password of the private key. Default: it has none. */
  readonly sslKeyfilePassword?: string | undefined
  /** Authorities of client certificates, as PEM: clients must show one. Default: none is asked for. */
  readonly sslCaCerts?: string | undefined
  /** With `sslCaCerts`: may a client show no certificate? Default `'required'`. */
  readonly sslClientCert?: SslSettings['clientCert'] | undefined
  /** Cipher suites, as OpenSSL writes them. Default: Node's own. */
  readonly sslCiphers?: string | undefined
  /** Least version of TLS that is spoken. Default `'TLSv1.2'`. */
  readonly sslMinVersion?: SslSettings['minVersion'] | undefined
  /** Routes of our own beside the apis. Default `'all'`. */
  readonly systemRoutes?: (typeof SYSTEM_ROUTES)[number] | undefined
  /** What the path of every api begins with, such as `'/ml'`. Default: nothing. */
  readonly prefix?: string | undefined
  /**
   * Take the word of proxies on the client (`X-Forwarded-For`, `-Host`, `-Proto`): everybody's, or that of these
   * addresses and networks (`'10.0.0.0/8'`, `'loopback'`). Default false.
   */
  readonly trustProxy?: boolean | readonly string[] | undefined
  /** Which pages of other origins a browser lets call. Default: none. */
  readonly cors?: CorsOptions | undefined
  /** How the workers of all services are watched; a service's own settings win. */
  readonly supervision?: SupervisionOptions | undefined
  /** Settings by service name; they win over what the class declares. */
  readonly services?: Readonly<Record<string, ServiceConfig>> | undefined
}

/** Options of `serveHttpProduction`. Durations: seconds, or milliseconds under the name that ends in `Ms`. */
export interface ServeHttpProductionOptions extends EkibenConfig {
  /** What to serve: an identifier such as `'service:TextClassifier'`, or a service. Default `'.'`. */
  readonly identifier?: string | ServiceClass | undefined
  /** Folder in which the identifier is looked up and the workers run. Default: the current one. */
  readonly workingDir?: string | undefined
  /** A configuration file to read; true: `ekiben.config.*` in the working directory. Default: none is read. */
  readonly config?: string | boolean | undefined
  /** Read the EKIBEN_… variables and PORT as the command does. Default false. */
  readonly readEnvironment?: boolean | undefined
  /** Stop on SIGTERM and SIGINT and end the process, as the command does. Default false. */
  readonly handleSignals?: boolean | undefined
}

/** A host app that is run instead of a service being served. @internal */
export interface AppToRun {
  readonly name: string
  /** Its main file: absolute. */
  readonly main: string
  readonly args: readonly string[]
  /** A port that it listens on although it is told another. */
  readonly appPort: number | undefined
  /** Flags of Node that its main file needs. */
  readonly nodeArgs: readonly string[]
  /** When it counts as ready. */
  readonly ready: AppReady
  /** Where neither port nor host is given, those that the app asks for are bound, and no default. */
  readonly bindsAsked: boolean
}

/** Every setting of a serve, resolved: nothing below this asks for flags, variables or files. @internal */
export interface ServeSettings {
  readonly identifier: string | ServiceClass
  /** The app that `run` runs; undefined: `identifier` is served. */
  readonly app?: AppToRun | undefined
  /** Absolute. */
  readonly workingDir: string
  /** Which was read: absolute. */
  readonly configFile: string | undefined
  readonly port: number
  readonly host: string
  /** Absolute. Where it is set, neither port nor host counts. */
  readonly uds: string | undefined
  /** Permission bits. */
  readonly udsMode: number
  readonly backlog: number
  readonly apiWorkers: number | 'cpu' | undefined
  /** By service name, from `--workers`, `workers` and `services.NAME.workers`. The names are not checked yet. */
  readonly workers: Readonly<Record<string, number | 'cpu'>>
  /** undefined: as each service says. */
  readonly threaded: boolean | undefined
  /** The service that is served instead of the entry. The name is not checked yet. */
  readonly only: string | undefined
  /** By service name: URLs, with whatever user and password is in them. The names are not checked yet. */
  readonly depends: Readonly<Record<string, string>>
  readonly timeoutMs: number | undefined
  readonly keepAliveTimeoutMs: number
  readonly gracefulShutdownMs: number
  readonly log: { readonly level: LogLevel; readonly format: LogFormat }
  readonly accessLog: boolean
  /** One process that runs everything. */
  readonly developmentMode: boolean
  /** Files are watched. */
  readonly reload: boolean
  readonly inspect: InspectAddress | undefined
  readonly name: string | undefined
  readonly instance: string | undefined
  readonly user: string | undefined
  readonly group: string | undefined
  readonly envAllow: readonly string[] | undefined
  readonly pidfile: string | undefined
  /** HOST:PORT, or the path of a Unix socket. Where it is set, the public socket has no `/metrics`. */
  readonly admin: string | undefined
  /** Of an app: see `slotAddress`. */
  readonly workerListen: string | undefined
  /** Of an app that is run: a port that it listens on although it was told another. */
  readonly appPort: number | undefined
  /** Of an app that is run: when a worker counts as ready. */
  readonly ready: AppReady
  /** How the public socket is encrypted, with absolute paths; undefined: not at all. */
  readonly ssl: SslSettings | undefined
  readonly systemRoutes: (typeof SYSTEM_ROUTES)[number]
  /** Begins with a slash and ends without; empty: none. */
  readonly prefix: string
  /** undefined: nobody's word is taken. */
  readonly trustProxy: true | readonly string[] | undefined
  /** undefined: pages of other origins get no word of whether they may. */
  readonly cors: CorsPolicy | undefined
  readonly supervision: SupervisionOptions
  /** By service name. The names are not checked yet. */
  readonly services: Readonly<Record<string, ServiceOverrides>>
  readonly dryRun: boolean
  readonly explain: boolean
  /** What a service manager says to this process; nothing where the environment is not read. */
  readonly serviceManager: ServiceManager
  /** Where each value came from, by the setting's name: `port`, `workers.Embedder`, `services.Embedder.env.HOME`. */
  readonly sources: Readonly<Record<string, string>>
}
