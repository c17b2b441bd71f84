import { CLIENT_ROWS } from './client-rows.js'
import { type ErrorRow, near, row } from './error-row.js'
import { TLS_ROWS } from './tls-rows.js'

export type { ErrorRow } from './error-row.js'

const list = (items: readonly string[]): string => items.map((item) => `\n  - ${item}`).join('')

/**
 * Every coded error Ekiben can raise: one row a code.
 *
 * Codes are public API: never renamed, never reused. `docs/errors.md` lists each of them, held by a test.
 */
export const CATALOGUE = {
  // identifier: what to serve
  EKB_ERR_IDENTIFIER_MALFORMED: row<{ identifier: string; reason: string }>({
    exitCode: 4,
    message: (p) => `Identifier '${p.identifier}' is malformed: ${p.reason}`,
    hint: () => "Write 'module:ServiceClass', a path such as './src/service.ts:ServiceClass', a package, or a folder.",
  }),
  EKB_ERR_IDENTIFIER_NOT_FOUND: row<{ identifier: string; tried: readonly string[]; near: readonly string[] }>({
    exitCode: 4,
    message: (p) => `Nothing found for identifier '${p.identifier}'; looked at:${list(p.tried)}`,
    hint: (p) => `Check the name and the working directory (--working-dir).${near(p.near)}`,
  }),
  EKB_ERR_IDENTIFIER_EXPORT_NOT_FOUND: row<{
    file: string
    name: string
    exports: readonly string[]
    near: readonly string[]
  }>({
    exitCode: 4,
    message: (p) => `${p.file} has no export '${p.name}'; it exports ${p.exports.join(', ') || 'nothing'}`,
    hint: (p) => `Name one of its exports after the colon.${near(p.near)}`,
  }),
  EKB_ERR_IDENTIFIER_NOT_A_SERVICE: row<{ file: string; name: string; received: string }>({
    exitCode: 4,
    message: (p) => `'${p.name}' in ${p.file} is ${p.received}, not a service`,
    hint: () => 'Decorate the class with @service() or wrap it in defineService(), and export the result.',
  }),
  EKB_ERR_IDENTIFIER_AMBIGUOUS: row<{ file: string; candidates: readonly string[] }>({
    exitCode: 4,
    message: (p) =>
      p.candidates.length === 0
        ? `${p.file} exports no service`
        : `${p.file} has more than one service that no other depends on: ${p.candidates.join(', ')}`,
    hint: (p) =>
      p.candidates.length === 0
        ? 'Export a class decorated with @service() or the result of defineService().'
        : `Say which one after a colon, for example '…:${p.candidates[0]}'.`,
  }),
  EKB_ERR_IDENTIFIER_LOAD_FAILED: row<{ file: string; reason: string }>({
    exitCode: 4,
    message: (p) => `${p.file} was found, but failed while it was imported: ${p.reason}`,
    hint: () => 'The cause below is the error of that module, with its own stack.',
  }),
  EKB_ERR_IDENTIFIER_LOADER_MISSING: row<{ file: string; node: string; reason: string }>({
    exitCode: 4,
    message: (p) => `${p.file} is TypeScript that Node ${p.node} cannot run by itself: ${p.reason}`,
    hint: () => 'Install the optional loader beside your app: npm install --save-dev tsx',
  }),
  EKB_ERR_IDENTIFIER_BUNDLE_UNKNOWN: row<{ identifier: string }>({
    exitCode: 4,
    message: (p) => `No bundle '${p.identifier}' is known`,
    hint: () => 'Bundles are not built yet; name a module, a file, a package or a folder.',
  }),

  // service: how it is declared
  EKB_ERR_SERVICE_NAME: row<{ name: string; reason: string }>({
    exitCode: 2,
    message: (p) => `'${p.name}' cannot be a service name: ${p.reason}`,
    hint: () => 'A name is a letter and up to 62 more of letters, digits, _ . and -; set it with the option name.',
  }),
  EKB_ERR_SERVICE_NOT_A_CLASS: row<{ by: string; received: string }>({
    exitCode: 2,
    message: (p) => `${p.by} was given ${p.received}, not a class`,
    hint: () => 'Declare a class: @service() class Name { … } or defineService(class Name { … }, { … }).',
  }),
  EKB_ERR_SERVICE_DECLARED_TWICE: row<{ service: string; by: string }>({
    exitCode: 2,
    message: (p) => `${p.by}: the class of service '${p.service}' is a service already`,
    hint: () => 'Declare it once; for a second service of the same code, extend the class and declare the subclass.',
  }),
  EKB_ERR_SERVICE_MEMBER: row<{ owner: string; member: string; reason: string }>({
    exitCode: 2,
    message: (p) => `${p.owner}: '${p.member}' ${p.reason}`,
    hint: () => 'An api is a public method of the class; a dependency is a public property with a name of its own.',
  }),
  EKB_ERR_SERVICE_NO_MODULE: row<{ service: string; reason: string }>({
    exitCode: 2,
    message: (p) => `Workers cannot import service '${p.service}': ${p.reason}`,
    hint: () => "Move it to a file of its own, or declare it with the option 'module: import.meta.url'.",
  }),
  EKB_ERR_SERVICE_NOT_PLANNED: row<{ service: string; from: string }>({
    message: (p) => `A client of '${p.service}' was asked for, but no pool of it was planned for '${p.from}'`,
    hint: (p) =>
      `Declare the dependency: dependencies: { … : ${p.service} } or @depends(${p.service}); for an app: bootstrapProduction(build, { uses: [${p.service}] }).`,
  }),
  EKB_ERR_SERVICE_NOT_A_PLUGIN: row<{ service: string; count: number }>({
    exitCode: 2,
    message: (p) => `Service '${p.service}' was called as a function with ${p.count} arguments, as a plugin would be`,
    hint: (p) =>
      `Hand it to the adapter: app.register(servePlugin, ${p.service}) in Fastify, app.use(serve(${p.service})) in Express.`,
  }),
  EKB_ERR_SERVICE_UNKNOWN: row<{ service: string; near: readonly string[] }>({
    exitCode: 2,
    statusCode: 404,
    message: (p) => `There is no service '${p.service}' here`,
    hint: (p) => `Name a service of the graph that is served.${near(p.near)}`,
  }),
  EKB_ERR_SERVICE_NOT_AN_API: row<{
    service: string
    method: string
    apis: readonly string[]
    near?: readonly string[]
  }>({
    statusCode: 404,
    message: (p) => `'${p.method}' is no api of service '${p.service}'; its apis are ${p.apis.join(', ') || 'none'}`,
    hint: (p) => `Decorate the method with @api() or list it under apis in defineService().${near(p.near ?? [])}`,
  }),

  // graph and plan
  EKB_ERR_GRAPH_CYCLE: row<{ path: readonly string[] }>({
    exitCode: 2,
    message: (p) => `Services depend on one another in a circle: ${p.path.join(' -> ')}`,
    hint: () => 'Break the circle: move what both need into a third service.',
  }),
  EKB_ERR_GRAPH_NAME_CLASH: row<{ name: string; first: string; second: string }>({
    exitCode: 2,
    message: (p) =>
      `Two different services are named '${p.name}' (upper and lower case count as one): ${p.first}; ${p.second}`,
    hint: () => "Give one of them another name with the option 'name'.",
  }),
  EKB_ERR_GRAPH_DEPENDENCY_UNKNOWN: row<{ service: string; property: string; received: string }>({
    exitCode: 2,
    message: (p) => `Service '${p.service}' depends on something that is no service: '${p.property}' is ${p.received}`,
    hint: () =>
      'Depend on a service class, on () => a service class, or on { url }. In an import circle it is not set yet: use the () => form.',
  }),
  EKB_ERR_PLAN_ONLY_INCOMPLETE: row<{ service: string; missing: readonly string[] }>({
    exitCode: 2,
    message: (p) => `'${p.service}' is to be served alone, and nothing says where ${p.missing.join(' and ')} run(s)`,
    hint: (p) => `Add ${p.missing.map((name) => `--depends ${name}=URL`).join(' ')}.`,
  }),
  EKB_ERR_PLAN_CONSTRUCTOR: row<{ service: string; count: number }>({
    exitCode: 2,
    message: (p) =>
      `The constructor of service '${p.service}' takes ${p.count} argument(s), and nothing says how to make them`,
    hint: () => "Give the option 'create: () => new …', or a constructor without parameters.",
  }),
  EKB_ERR_PLAN_GPU: row<{ service: string; needed: number; available: number }>({
    exitCode: 2,
    message: (p) =>
      `Service '${p.service}' needs ${p.needed} GPU(s) for its workers; ${p.available} are free on this machine`,
    hint: () => 'Lower resources.gpu or workers, or preset CUDA_VISIBLE_DEVICES.',
  }),
  EKB_ERR_PLAN_ROUTE_CLASH: row<{ service: string; route: string; first: string; second: string }>({
    exitCode: 2,
    message: (p) => `Service '${p.service}': apis '${p.first}' and '${p.second}' share the route ${p.route}`,
    hint: () => "Give one of them another 'route'.",
  }),

  // services in a host
  EKB_ERR_MOUNT_NOT_A_SERVICE: row<{ to: string; received: string }>({
    exitCode: 2,
    message: (p) => `${p.to} was given ${p.received}, which is no service`,
    hint: () => 'Give it a class decorated with @service(), or what defineService() returned.',
  }),
  EKB_ERR_MOUNT_AND_USE: row<{ service: string }>({
    exitCode: 2,
    message: (p) => `Service '${p.service}' is both mounted and used`,
    hint: () =>
      'Mounted, its apis are routes and run in this process; used, it runs in a pool. Name it in one of the two.',
  }),
  EKB_ERR_MOUNT_NO_API: row<{ api: string; count: number; apis: readonly string[]; near: readonly string[] }>({
    message: (p) =>
      p.count === 0
        ? `No mounted service has an api '${p.api}'; there are ${p.apis.join(', ') || 'none'}`
        : `${p.count} mounted services have an api '${p.api}': ${p.apis.join(', ')}`,
    hint: (p) => `Name it as Service.api.${near(p.near)}`,
  }),
  EKB_ERR_MOUNT_ROUTE_TAKEN: row<{ api: string; method: string; path: string }>({
    exitCode: 2,
    message: (p) => `The app has a route ${p.method} ${p.path} already, which ${p.api} is to be mounted at as well`,
    hint: () =>
      "Mount the service below a prefix (prefix: '/ml'), in Express before that route, or give the api another 'route'.",
  }),
  EKB_ERR_MOUNT_LATE: row<{ services: readonly string[] }>({
    exitCode: 2,
    message: (p) => `${p.services.join(', ')} was to be mounted in an app that has started already`,
    hint: () => 'Mount services before the app starts: before ready(), listen() and the first inject().',
  }),
  EKB_ERR_MOUNT_SLOW_START: row<{ services: readonly string[]; timeoutMs: number; setting: string }>({
    message: (p) =>
      `${p.services.join(', ')} did not start within ${p.timeoutMs} ms, which is all that the app waits for`,
    hint: (p) => `Raise ${p.setting}, or let onStart do less.`,
  }),
  EKB_ERR_NEST_NO_HTTP_ADAPTER: row<{ services: readonly string[] }>({
    exitCode: 2,
    message: (p) => `${p.services.join(', ')} is to be mounted in a Nest app that serves no HTTP`,
    hint: () => 'Make the app with NestFactory.create(), or name the service in uses: it has no routes then.',
  }),
  EKB_ERR_NEST_PLATFORM: row<{ services: readonly string[]; platform: string }>({
    exitCode: 2,
    message: (p) => `${p.services.join(', ')} is to be mounted in a Nest app on '${p.platform}'`,
    hint: () =>
      'Make the app with the adapter of @nestjs/platform-express or @nestjs/platform-fastify, or name the service in uses: it has no routes then.',
  }),
  EKB_ERR_NEST_NOT_A_MODULE: row<{ service: string }>({
    exitCode: 2,
    message: (p) => `Service '${p.service}' is among the imports of a module, and is no module`,
    hint: (p) => `Mount it: imports: [ServeModule.forRoot({ services: [${p.service}] })].`,
  }),
  EKB_ERR_NEST_CONSTRUCTOR: row<{ service: string; count: number }>({
    exitCode: 2,
    message: (p) =>
      `Nest is to make service '${p.service}', and nothing says what ${p.count} argument(s) of its constructor are`,
    hint: () =>
      'Decorate each with @Inject(TOKEN), or compile with emitDecoratorMetadata (tsx and esbuild cannot), or give the service a create.',
  }),
  EKB_ERR_NEST_SCOPE: row<{ service: string; provider: string | undefined }>({
    exitCode: 2,
    message: (p) =>
      p.provider === undefined
        ? `Service '${p.service}' is of request scope, and a service is made once for all requests`
        : `Service '${p.service}' is made once for all requests, and gets '${p.provider}', which Nest makes anew for each`,
    hint: () =>
      'Take what a request brings from the call context (ctx.headers), or inject ModuleRef and resolve() the provider in each call.',
  }),
  EKB_ERR_NEST_PARAMETER: row<{ service: string; api: string; index: number }>({
    exitCode: 2,
    message: (p) =>
      `Parameter ${p.index + 1} of ${p.service}.${p.api} has a decorator of Nest's that means nothing there`,
    hint: () =>
      'An api gets its input, which @Body() may decorate, and its call context: take headers from ctx.headers, and all else of the request in a guard or an interceptor.',
  }),
  EKB_ERR_MOUNT_CLOSED: row<{ service: string }>({
    statusCode: 503,
    message: (p) => `Service '${p.service}' was called after its host had closed it`,
    hint: () => 'Call it before the app closes; after that, make a new app.',
  }),

  EKB_ERR_APP_PORT: row<{ expected: readonly number[]; ports: readonly number[] }>({
    exitCode: 2,
    message: (p) =>
      `The app listens on ${p.ports.join(' and ')}, and on none of the ports it was given: ${p.expected.join(', ')}`,
    hint: (p) =>
      `Have it listen on the variable PORT, or say which of its ports stands for it: --app-port ${p.ports[0] ?? 'N'}.`,
  }),

  // configuration and command line
  EKB_ERR_CONFIG_UNKNOWN: row<{ source: string; key: string; near: readonly string[] }>({
    exitCode: 2,
    message: (p) => `Unknown setting '${p.key}' (${p.source})`,
    hint: (p) => `Remove it or correct its name.${near(p.near)}`,
  }),
  EKB_ERR_CONFIG_UNUSED: row<{
    source: string
    key: string
    taker: string
    takers: readonly string[]
    instead?: string | undefined
  }>({
    exitCode: 2,
    message: (p) => `The setting '${p.key}' (${p.source}) has no use in ${p.taker}`,
    hint: (p) => `Take it away: it is for ${p.takers.join(', ')}.${p.instead === undefined ? '' : ` ${p.instead}`}`,
  }),
  EKB_ERR_CONFIG_DEVELOPMENT: row<{ settings: readonly string[] }>({
    exitCode: 2,
    message: (p) =>
      `Without effect in development mode, where one process runs everything and there are no workers: ${p.settings.join('; ')}`,
    hint: () =>
      'Take it away, or start production: without --development, and bootstrapProduction() with NODE_ENV=production.',
  }),
  EKB_ERR_CONFIG_INVALID: row<{ source: string; key: string; value: string; expected: string }>({
    exitCode: 2,
    message: (p) => `Setting '${p.key}' (${p.source}) is ${p.value}; expected ${p.expected}`,
    hint: () => 'Correct the value; docs/configuration.md lists every setting.',
  }),
  EKB_ERR_CONFIG_SECRET: row<{ source: string; key: string; env: string }>({
    exitCode: 2,
    message: (p) => `Setting '${p.key}' is a secret, and is not taken from there (${p.source})`,
    hint: (p) => `Set the variable ${p.env}, or ${p.key} in code or configuration file.`,
  }),
  EKB_ERR_CONFIG_LOAD_FAILED: row<{ file: string; reason: string }>({
    exitCode: 2,
    message: (p) => `Configuration file ${p.file} could not be read: ${p.reason}`,
    hint: () => 'It must be JSON, or a module whose default export is a plain object.',
  }),
  EKB_ERR_CLI_USAGE: row<{ reason: string; near: readonly string[] }>({
    exitCode: 2,
    message: (p) => p.reason,
    hint: (p) => `Run the command with --help.${near(p.near)}`,
  }),
  EKB_ERR_ORIGIN_FOREIGN: row<{ origin: string }>({
    statusCode: 403,
    message: (p) => `In development mode pages of other origins are refused, and this is one of ${p.origin}`,
    hint: (p) =>
      `Open the page under the address of the server itself, or allow it: cors: { origins: ['${p.origin}'] }.`,
  }),
  EKB_ERR_INSPECT_PRODUCTION: row<{ source: string }>({
    exitCode: 2,
    message: (p) => `A debugger attaches in development mode alone, and ${p.source} asks for one in production`,
    hint: () => 'Add --development, or take --inspect away. A worker that spins is looked into with ekiben dump.',
  }),
  EKB_ERR_PLATFORM: row<{ platform: string }>({
    exitCode: 2,
    message: (p) => `Production mode does not run on ${p.platform}`,
    hint: () => 'Use Linux or macOS.',
  }),

  EKB_ERR_USER_UNKNOWN: row<{ kind: 'user' | 'group'; name: string }>({
    exitCode: 2,
    message: (p) => `There is no ${p.kind} '${p.name}' on this machine`,
    hint: (p) => `Give --${p.kind} a name that \`getent ${p.kind === 'user' ? 'passwd' : 'group'}\` lists, or an id.`,
  }),
  EKB_ERR_USER_DENIED: row<{ option: string; uid: number }>({
    exitCode: 2,
    message: (p) => `${p.option} needs root, and this process runs as user id ${p.uid}`,
    hint: (p) => `Start it as root, or as the user meant, without ${p.option}.`,
  }),
  EKB_ERR_USER_CANNOT_READ: row<{ user: string; path: string }>({
    exitCode: 2,
    message: (p) => `Workers are to run as '${p.user}', who may not read Ekiben's own file ${p.path}`,
    hint: (p) =>
      `Install it where that user may read it, or open its folders: \`namei -l ${p.path}\` shows whose they are.`,
  }),

  // public socket
  EKB_ERR_SOCKET_IN_USE: row<{ address: string; owner: string | undefined; option?: string }>({
    exitCode: 6,
    message: (p) => `Cannot listen on ${p.address}: the address is in use${p.owner ? ` by ${p.owner}` : ''}`,
    hint: (p) => `Stop the other process, or choose another ${p.option ?? '--port (0 takes any free one)'}.`,
  }),
  EKB_ERR_SOCKET_DENIED: row<{ address: string; reason: string; option?: string }>({
    exitCode: 6,
    message: (p) => `Not allowed to listen on ${p.address}: ${p.reason}`,
    hint: (p) =>
      p.option === undefined
        ? 'Ports below 1024 need root or CAP_NET_BIND_SERVICE; choose a higher --port.'
        : `Choose another ${p.option}: a port of 1024 or above, or a path in a folder that this user may write to.`,
  }),
  EKB_ERR_SOCKET_UNAVAILABLE: row<{ address: string; reason: string; option?: string }>({
    exitCode: 6,
    message: (p) => `Cannot listen on ${p.address}: ${p.reason}`,
    hint: (p) =>
      p.option === undefined
        ? 'Give a --host that is an address or a name of this machine.'
        : `Choose another ${p.option}: an address of this machine, or a path whose folder exists.`,
  }),
  EKB_ERR_SOCKET_ACTIVATION: row<{ reason: string; sockets: readonly string[] }>({
    exitCode: 2,
    message: (p) =>
      `Cannot serve on what the service manager passed (LISTEN_FDS: ${p.sockets.join(', ') || 'nothing'}): ${p.reason}`,
    hint: () =>
      'Give the socket of this service FileDescriptorName=http, or let --host and --port, or --uds, name it; drop them where there is only one.',
  }),
  EKB_ERR_SOCKET_PATH_TOO_LONG: row<{ path: string; bytes: number; limit: number; option?: string }>({
    exitCode: 6,
    message: (p) => `Socket path is ${p.bytes} bytes long, over the limit of ${p.limit}: ${p.path}`,
    hint: (p) =>
      p.option === undefined
        ? 'Set EKIBEN_RUNTIME_DIR to a shorter private folder.'
        : `Give ${p.option} a shorter path, such as one below /run.`,
  }),
  EKB_ERR_RUNTIME_DIR: row<{ path: string; reason: string }>({
    exitCode: 2,
    message: (p) => `Cannot use the runtime folder ${p.path}: ${p.reason}`,
    hint: () => 'Set EKIBEN_RUNTIME_DIR to a folder that belongs to this user alone (mode 0700).',
  }),
  EKB_ERR_INSTANCE_RUNNING: row<{ instance: string; pid: number }>({
    exitCode: 2,
    message: (p) => `An instance named '${p.instance}' is already running (pid ${p.pid})`,
    hint: () => 'Stop that one, or choose another name with --instance.',
  }),
  EKB_ERR_DUMP_FAILED: row<{ path: string; reason: string }>({
    exitCode: 1,
    message: (p) => `Cannot write the dump of a worker to ${p.path}: ${p.reason}`,
    hint: () => 'Make room in the runtime folder, or set EKIBEN_RUNTIME_DIR to another.',
  }),

  // steering a running instance
  EKB_ERR_INSTANCE_NOT_FOUND: row<{ instance: string | undefined; runtimeDir: string; running: readonly string[] }>({
    exitCode: 2,
    message: (p) =>
      `${p.instance === undefined ? 'No instance' : `No instance named '${p.instance}'`} is running (${p.runtimeDir})`,
    hint: (p) =>
      p.running.length === 0
        ? 'Start one with ekiben serve; one of another user, or with another EKIBEN_RUNTIME_DIR, is not seen from here.'
        : `Running: ${p.running.join(', ')}.`,
  }),
  EKB_ERR_INSTANCE_AMBIGUOUS: row<{ running: readonly string[] }>({
    exitCode: 2,
    message: (p) => `${p.running.length} instances are running: ${p.running.join(', ')}`,
    hint: (p) => `Say which one, for example --instance ${p.running[0] ?? 'NAME'}.`,
  }),
  EKB_ERR_INSTANCE_SILENT: row<{ instance: string; pid: number; reason: string }>({
    message: (p) => `Instance '${p.instance}' (pid ${p.pid}) does not answer: ${p.reason}`,
    hint: () => 'Look at its log; SIGTERM stops it without the control socket.',
  }),
  EKB_ERR_INSTANCE_STOPPED: row<{ command: string }>({
    statusCode: 503,
    message: (p) => `The instance was stopped before '${p.command}' was done`,
    hint: () => 'Start it again; what was asked for is not remembered.',
  }),
  EKB_ERR_INSTANCE_LOST: row<{ instance: string; pid: number; command: string }>({
    message: (p) => `Instance '${p.instance}' (pid ${p.pid}) went away before it answered to '${p.command}'`,
    hint: () => 'Its supervisor has died or was killed: see its log, and ekiben ps for what still runs.',
  }),
  EKB_ERR_CONTROL_SKEW: row<{
    commandVersion: string
    commandProtocol: string
    instanceVersion: string
    instanceProtocol: string
  }>({
    statusCode: 409,
    message: (p) =>
      `Restart needed: the command is of version ${p.commandVersion} (control protocol ${p.commandProtocol}), ` +
      `the running instance of ${p.instanceVersion} (${p.instanceProtocol})`,
    hint: () => 'Restart the instance to end the update (SIGTERM stops it), or steer it with the version it runs.',
  }),
  EKB_ERR_PIDFILE: row<{ path: string; reason: string }>({
    exitCode: 2,
    message: (p) => `Cannot write the pidfile ${p.path}: ${p.reason}`,
    hint: () => 'Give --pidfile a path of its own, in a folder that exists and that this user may write to.',
  }),
  EKB_ERR_PIDFILE_IN_USE: row<{ path: string; pid: number }>({
    exitCode: 2,
    message: (p) => `The pidfile ${p.path} belongs to process ${p.pid}, which is running`,
    hint: () =>
      'Stop that process, or choose another --pidfile; if it has nothing to do with this app, remove the file.',
  }),

  // workers
  EKB_ERR_WORKER_BOOT_FAILED: row<{ service: string; slot: number; stage: string; reason: string }>({
    exitCode: 3,
    message: (p) => `Worker ${p.service}#${p.slot} failed to boot (${p.stage}): ${p.reason}`,
    hint: () => 'The cause and the last output of the worker follow.',
  }),
  EKB_ERR_WORKER_BOOT_TIMEOUT: row<{ service: string; slot: number; stage: string; timeoutMs: number }>({
    exitCode: 3,
    message: (p) =>
      `Worker ${p.service}#${p.slot} was not ready within ${p.timeoutMs} ms (it was ${p.stage}) and was killed`,
    hint: () => 'Raise supervision.bootTimeoutMs, or look at what the service does while it starts.',
  }),
  EKB_ERR_WORKER_LOST: row<{ service: string; method: string; reason: string }>({
    statusCode: 503,
    retryable: true,
    expose: true,
    message: (p) => `The worker that ran ${p.service}.${p.method} was lost: ${p.reason}`,
    hint: () => 'The call may have run in part. Mark the api idempotent to have it tried again elsewhere.',
  }),
  EKB_ERR_WORKER_PROTOCOL: row<{ reason: string }>({
    exitCode: 1,
    message: (p) => `A worker and its supervisor do not understand each other: ${p.reason}`,
    hint: () => 'Restart the instance; supervisor and workers must run the same version of @ekiben/core.',
  }),
  EKB_ERR_FLAPPING: row<{ service: string; count: number; windowMs: number }>({
    exitCode: 5,
    message: (p) =>
      `Workers of '${p.service}' died ${p.count} times within ${p.windowMs} ms and nothing is left to serve`,
    hint: () => 'The last output of the worker says why it died.',
  }),
  EKB_ERR_STOPPED_BEFORE_READY: row<Record<string, never>>({
    exitCode: 0,
    message: () => 'Stopped before the service was ready',
    hint: () => 'Nothing is left running.',
  }),
  EKB_ERR_RELOAD_REFUSED: row<{ reason: string; from: number }>({
    message: (p) => `The new code was not taken into service: ${p.reason}`,
    hint: (p) => `Generation ${p.from} serves on, unchanged. Mend the cause and reload again.`,
  }),
  EKB_ERR_RELOAD_MIXED: row<{ reason: string; from: number; to: number }>({
    message: (p) => `The reload stopped half-way: ${p.reason}`,
    hint: (p) =>
      `Some workers are of generation ${p.to}, the rest of ${p.from} serve on (ekiben ps shows which). Mend the cause and reload again.`,
  }),
  EKB_ERR_RELOAD_STOPPED: row<Record<string, never>>({
    message: () => 'The reload was given up, since the instance was told to stop',
    hint: () => 'A stop wins over a reload; the next start takes the new code.',
  }),
  EKB_ERR_SCALE_REFUSED: row<{ service: string; workers: number; before: number; reason: string }>({
    message: (p) => `'${p.service}' was not scaled to ${p.workers}: ${p.reason}`,
    hint: (p) => `It goes on with ${p.before}. Mend the cause and try again.`,
  }),
  EKB_ERR_RESTART_FAILED: row<{ service: string; slot: number; reason: string }>({
    message: (p) => `Worker ${p.slot} of '${p.service}' was not restarted: ${p.reason}`,
    hint: () => 'The old one serves on. Mend the cause and try again.',
  }),

  // requests
  EKB_ERR_HTTP_MALFORMED: row<{ reason: string }>({
    statusCode: 400,
    message: (p) => `The request is no valid HTTP: ${p.reason}`,
    hint: () => 'Look at what the client, or a proxy in between, sends.',
  }),
  EKB_ERR_HTTP_HEADERS_TOO_LARGE: row<{ limit: number }>({
    statusCode: 431,
    message: (p) => `The request line and headers are larger than ${p.limit} bytes`,
    hint: () => 'Send less in headers and cookies, or raise the limit with --max-http-header-size in nodeArgs.',
  }),
  EKB_ERR_HTTP_SLOW_REQUEST: row<Record<string, never>>({
    statusCode: 408,
    message: () => 'The request was not received in time',
    hint: () => 'Headers may take 60 s and the whole request 300 s.',
  }),
  EKB_ERR_BODY_INVALID: row<{ reason: string }>({
    statusCode: 400,
    message: (p) => `The request body is invalid: ${p.reason}`,
    hint: () => 'Send what /schema.json describes.',
  }),
  EKB_ERR_VALIDATION: row<{ count: number; first: string }>({
    statusCode: 400,
    message: (p) => `The input is not valid: ${p.first}${p.count > 1 ? ` (and ${p.count - 1} more)` : ''}`,
    hint: () => 'detail lists each issue with its path.',
  }),
  EKB_ERR_ROUTE_NOT_FOUND: row<{ method: string; path: string; near: readonly string[] }>({
    statusCode: 404,
    message: (p) => `No route ${p.method} ${p.path}.${near(p.near)}`,
    hint: () => '/schema.json lists the routes.',
  }),
  EKB_ERR_METHOD_NOT_ALLOWED: row<{ method: string; path: string; allow: string }>({
    statusCode: 405,
    message: (p) => `${p.method} is not allowed on ${p.path}`,
    hint: (p) => `Use ${p.allow}.`,
  }),
  EKB_ERR_BODY_TOO_LARGE: row<{ limit: number }>({
    statusCode: 413,
    message: (p) => `The request body is larger than ${p.limit} bytes`,
    hint: () => "Raise the api's bodyLimit, or send less.",
  }),
  EKB_ERR_MEDIA_TYPE: row<{ received: string; expected: string }>({
    statusCode: 415,
    message: (p) => `Cannot read a body of type '${p.received}'; send ${p.expected}`,
    hint: (p) => `Send ${p.expected}.`,
  }),
  EKB_ERR_BODY_CONSUMED: row<{ type: string }>({
    statusCode: 500,
    message: (p) => `The body (${p.type}) was read by another parser before it came to the service`,
    hint: () =>
      "Mount the service before that parser (multer, express.raw …), keep the parser off the service's routes, or let it leave bodies unread (@fastify/multipart: without attachFieldsToBody).",
  }),
  EKB_ERR_UPLOAD_NOT_KEPT: row<{ path: string; reason: string }>({
    statusCode: 500,
    message: (p) => `An upload could not be kept at ${p.path}: ${p.reason}`,
    hint: () => 'Make room there, or set TMPDIR to a folder that has some and can be written to.',
  }),
  EKB_ERR_OVERLOADED: row<{ service: string; queued: number | undefined }>({
    statusCode: 503,
    retryable: true,
    expose: true,
    message: (p) =>
      p.queued === undefined
        ? `Service '${p.service}' says that it takes no more calls now`
        : `Service '${p.service}' has ${p.queued} calls waiting and takes no more`,
    hint: () => 'Try again later, add workers, or raise traffic.maxQueue.',
  }),
  EKB_ERR_INTERNAL: row<{ reason: string }>({
    statusCode: 500,
    message: (p) => p.reason,
    hint: () => 'The log has the stack, under the same request id.',
  }),
  EKB_ERR_OUTPUT_INVALID: row<{ service: string; api: string; first: string }>({
    statusCode: 500,
    message: (p) => `${p.service}.${p.api} returned what its output schema refuses: ${p.first}`,
    hint: () => 'Correct the method or the schema.',
  }),
  EKB_ERR_STREAM_UNDECLARED: row<{ api: string }>({
    statusCode: 500,
    message: (p) => `${p.api} returned something to iterate over, but is not declared to be a stream`,
    hint: (p) => `Give the api '${p.api}' the option stream: true, or return a list.`,
  }),
  EKB_ERR_NOT_SERIALISABLE: row<{ path: string; received: string; to?: string }>({
    statusCode: 500,
    message: (p) => `Cannot send ${p.received} at ${p.path}${p.to === undefined ? '' : ` to ${p.to}`}`,
    hint: (p) =>
      p.to === undefined
        ? 'Send plain data: objects, arrays, scalars, Date, RegExp, Map, Set, BigInt, buffers, typed arrays, Error, Blob, File.'
        : 'To another machine send what JSON holds, and files (Blob, File, bytes) as the whole input or as its fields.',
  }),
  EKB_ERR_FILE_UNREADABLE: row<{ name: string | undefined; bytes: number; reason: string }>({
    statusCode: 500,
    message: (p) =>
      `Cannot send ${p.name === undefined ? 'a Blob' : `the file '${p.name}'`} of ${p.bytes} bytes: ${p.reason}`,
    hint: () => 'A file that came with a request can be read until it is answered: await the call before you return.',
  }),
  EKB_ERR_DEPENDENCY_FAILED: row<{ service: string; method: string; statusCode: number; reason: string }>({
    statusCode: 502,
    message: (p) => `${p.service}.${p.method} refused the call with ${p.statusCode}: ${p.reason}`,
    hint: () => "error.remote holds the dependency's own answer; throw error.asOwn() passes it on.",
  }),
  EKB_ERR_DEPENDENCY_DOWN: row<{ service: string } & ({ waitedMs: number } | { url: string; reason: string })>({
    statusCode: 503,
    retryable: true,
    expose: true,
    message: (p) =>
      'url' in p
        ? `'${p.service}' could not be reached at ${p.url}: ${p.reason}`
        : `No worker of '${p.service}' was ready within ${p.waitedMs} ms`,
    hint: (p) =>
      'url' in p
        ? 'It recovers by itself once something answers there; check the address, and that it may be reached from here.'
        : 'It recovers by itself once a worker is ready; its log says why none is.',
  }),
  EKB_ERR_TIMEOUT: row<{ what: string; timeoutMs: number }>({
    statusCode: 504,
    expose: true,
    message: (p) => `${p.what} did not answer within ${p.timeoutMs} ms`,
    hint: () => 'Raise traffic.timeoutMs or --timeout, or make the work shorter.',
  }),
  EKB_ERR_ABORTED: row<{ what: string }>({
    statusCode: 499,
    message: (p) => `${p.what} was cancelled by its caller`,
    hint: () => 'Nothing to do: nobody waits for the answer any more.',
  }),
  EKB_ERR_CALL_PROTOCOL: row<{ reason: string }>({
    statusCode: 502,
    message: (p) => `A call connection broke its protocol: ${p.reason}`,
    hint: () => 'Caller and service must run compatible versions of @ekiben/core.',
  }),
  EKB_ERR_CALL_TOO_LARGE: row<{ bytes: number; limit: number }>({
    statusCode: 500,
    message: (p) => `A call or its answer is ${p.bytes} bytes, over the limit of ${p.limit}`,
    hint: () => 'Send it in parts, or pass the path of a file.',
  }),
  EKB_ERR_NESTED_CLUSTER: row<Record<string, never>>({
    exitCode: 2,
    message: () => 'cluster.fork() was called inside a worker of Ekiben',
    hint: () => 'Remove the cluster code: --api-workers sets the number of processes.',
  }),
  EKB_ERR_NESTED_SUPERVISOR: row<{ above: string }>({
    exitCode: 2,
    message: (p) => `A supervisor was to be started in a process that is a worker of ${p.above} already`,
    hint: (p) =>
      p.above === 'Ekiben'
        ? 'Start the server in a file that no service is declared in; an app calls bootstrapProduction(), which knows that it is in a worker.'
        : "Start it as one process (with PM2: exec_mode 'fork', instances 1); --api-workers sets the workers.",
  }),
  EKB_ERR_BOOTSTRAP_TWICE: row<Record<string, never>>({
    exitCode: 2,
    message: () => 'bootstrapProduction() was called a second time in one process',
    hint: () => 'A main file starts one app: call it once, and build everything in its one function.',
  }),
  EKB_ERR_BOOTSTRAP_NO_MAIN: row<Record<string, never>>({
    exitCode: 2,
    message: () => 'bootstrapProduction() was called in a process without a main file',
    hint: () => 'Call it in a file that node is started with: its workers run that file again.',
  }),
  EKB_ERR_BOOTSTRAP_CLUSTERED: row<Record<string, never>>({
    exitCode: 2,
    message: () => 'bootstrapProduction() was called in a worker of node:cluster: two would supervise one app',
    hint: () =>
      "Start the file with node, or with PM2's exec_mode 'fork' and instances 1; apiWorkers sets the workers.",
  }),
  EKB_ERR_CORE_BUNDLED: row<{ main: string }>({
    exitCode: 2,
    message: (p) => `@ekiben/core was bundled into ${p.main}, and is not installed beside it`,
    hint: () => 'Bundle the app with @ekiben/core as an external package, or have it in node_modules too.',
  }),
  EKB_ERR_BOOTSTRAP_RESULT: row<{ received: string }>({
    exitCode: 2,
    message: (p) => `The function given to bootstrapProduction() returned no app, but ${p.received}`,
    hint: () =>
      'Return a Fastify instance, a Nest application, an Express app, an http.Server, { server, close }, { fetch } or a request handler.',
  }),
  EKB_ERR_BOOTSTRAP_LISTENING: row<{ what: string }>({
    exitCode: 2,
    message: (p) => `${p.what} given to bootstrapProduction() listens already`,
    hint: () => 'Return it without a call of listen(): bootstrapProduction() makes that call.',
  }),
  EKB_ERR_BOOTSTRAP_NO_HTTP: row<Record<string, never>>({
    exitCode: 2,
    message: () => 'The Nest application given to bootstrapProduction() has no HTTP server',
    hint: () => 'Make it with NestFactory.create(AppModule), not createApplicationContext() or createMicroservice().',
  }),
  EKB_ERR_APP_ENDED: row<{ how: string }>({
    message: (p) => `The app has ended by itself: ${p.how}`,
    hint: () => 'What it wrote before it ended says why.',
  }),
  EKB_ERR_ONE_PROCESS: row<{ what: string }>({
    message: (p) => `${p.what} needs a supervisor, and the app runs in one process`,
    hint: () => 'Start it with NODE_ENV=production, or with ekiben run.',
  }),
  EKB_ERR_TASK_UNSUPPORTED: row<{ path: string }>({
    statusCode: 404,
    message: (p) => `${p.path}: tasks are not supported yet`,
    hint: () => 'Call the api itself.',
  }),
  EKB_ERR_METRICS_UNAVAILABLE: row<{ reason: string }>({
    statusCode: 503,
    retryable: true,
    message: (p) => `The metrics of the instance are not available: ${p.reason}`,
    hint: () => 'Look at the supervisor: its log, and whether its process is stopped or short of processor time.',
  }),
  EKB_ERR_METRICS_LEFT_OUT: row<{ name: string; reason: string }>({
    message: (p) => `/metrics is without the app's own ${p.name}: ${p.reason}`,
    hint: () => 'Give the metric one name, one type and the same buckets in every worker.',
  }),
  EKB_ERR_NOT_IN_THIS_VERSION: row<{ what: string }>({
    exitCode: 2,
    message: (p) => `${p.what} is not available in this version`,
    hint: () => 'README.md lists what works today.',
  }),
  EKB_ERR_VERSION_SKEW: row<{ first: string; second: string }>({
    exitCode: 2,
    message: (p) => `Two versions of @ekiben/core are loaded in one process: ${p.first} and ${p.second}`,
    hint: () => 'Install one version for the app and all its packages (npm ls @ekiben/core shows who brings which).',
  }),

  // clients over HTTP
  ...TLS_ROWS,
  ...CLIENT_ROWS,
  // testing
  EKB_ERR_TESTING_NOT_A_SERVICE: row<{ by: string; received: string }>({
    message: (p) => `${p.by} was given ${p.received}, not a service`,
    hint: () => 'Decorate the class with @service() or wrap it in defineService(), and give it the result.',
  }),
  EKB_ERR_FAKE_METHOD_MISSING: row<{ service: string; method: string }>({
    message: (p) => `fakeClient(${p.service}) was given no '${p.method}', and it was called`,
    hint: (p) => `Give it: fakeClient(${p.service}, { ${p.method}: (input) => … }).`,
  }),
} as const satisfies Record<string, ErrorRow<never>>

export type ErrorCode = keyof typeof CATALOGUE
export type ErrorParams<TCode extends ErrorCode> =
  (typeof CATALOGUE)[TCode] extends ErrorRow<infer TParams> ? TParams : never
