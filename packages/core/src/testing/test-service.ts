import { createError } from '../errors/service-error.js'
import { InlineGraph, type RunningService } from '../hosting/inline-graph.js'
import { makeMounts } from '../http/make-mounts.js'
import { NodeHost } from '../http/node-host.js'
import { createLogger } from '../observe/create-logger.js'
import type { Logger } from '../observe/logger.js'
import type { ServiceClient } from '../service/service-client.js'
import type { ServiceClass, ServiceDefinition } from '../service/service-definition.js'
import { nearNames } from '../util/near-names.js'
import { definitionFor } from './definition-for.js'
import { PrivateHost } from './private-host.js'

export interface TestServiceOptions<TService extends ServiceClass> {
  /**
   * By property: what stands in for a dependency of the service: `fakeClient(…)`, another service with the same apis,
   * or any object with its methods. Default: the declared service itself, in this process, with its own dependencies;
   * one with a `url` is called where it runs.
   */
  readonly dependencies?: StandInsFor<InstanceType<TService>>
  /** Where the service's log goes. Default: errors to stderr, and nothing else. */
  readonly log?: Logger
}

/** Runners of tests give each test a few seconds, its end included. */
const LAST_CALLS_MS = 1_000

/** A service that runs in this process, for a test. */
export interface TestedService<TService extends ServiceClass> {
  /** Calls the apis by the rules of a call from another service: validation, copies, errors, deadlines. */
  readonly client: ServiceClient<TService>
  /** The object whose methods are called; its dependencies are set. */
  readonly instance: InstanceType<TService>
  /**
   * `fetch` of the service over HTTP, as `ekiben serve` would answer it, through no port: `fetch('/classify', { method:
   * 'POST', … })`. Of a URL only path and query count. It follows no redirect.
   */
  readonly fetch: (input: string | URL | Request, init?: RequestInit) => Promise<Response>
  /**
   * Runs `onStop` of all that was started, after the last call or a second, and leaves nothing behind. Rejects with what
   * one of them threw.
   */
  close(): Promise<void>
  [Symbol.asyncDispose](): Promise<void>
}

/** A property that the class does not declare can be given too. */
type StandInsFor<TInstance> = { readonly [K in keyof TInstance]?: TInstance[K] | ServiceClass } & {
  readonly [property: string]: unknown
}

/**
 * Runs a service in this process, without supervisor, workers or port: constructed, its dependencies set, `onStart`
 * done. `onDeploy`, `env` and `isReady` are left to production, and for what comes by `fetch` `traffic.maxConcurrency`.
 *
 * @example
 * await using tested = await testService(TextClassifier, { dependencies: { embedder: fakeClient(Embedder, { … }) } })
 * assert.equal((await tested.client.classify({ text: 'Where is my parcel?' })).label, 'delivery')
 *
 * @throws what the service throws as it starts; EKB_ERR_TESTING_NOT_A_SERVICE; EKB_ERR_CONFIG_UNKNOWN for a property
 * that is no dependency
 */
export async function testService<TService extends ServiceClass>(
  service: TService,
  { dependencies = {} as StandInsFor<InstanceType<TService>>, log = errorLog() }: TestServiceOptions<TService> = {},
): Promise<TestedService<TService>> {
  const definition = definitionFor(service, 'testService()')
  refuseUnknown(definition, dependencies)
  const graph = new InlineGraph({ log, lastCallsMs: LAST_CALLS_MS })
  const open = async () => {
    const running = await graph.start(definition, { standIns: dependencies })
    return { running, host: await openHost(definition, running, log) }
  }
  const { running, host } = await open().catch(async (error: unknown) => {
    await graph.stop()
    throw error
  })
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= host.close().then(() => graph.stop())
    return closing
  }
  return {
    client: running.client as ServiceClient<TService>,
    instance: running.instance as InstanceType<TService>,
    fetch: host.fetch,
    close,
    [Symbol.asyncDispose]: close,
  }
}

async function openHost(
  definition: ServiceDefinition,
  { instance, runner }: RunningService,
  log: Logger,
): Promise<PrivateHost> {
  const mounts = await makeMounts(definition, instance)
  const host = new NodeHost({
    definition,
    handler: runner.invoke.bind(runner),
    log,
    accessLog: false,
    keepAliveTimeoutMs: 1_000,
    timeoutMs: definition.settings.traffic?.timeoutMs,
    isReady: () => true,
    mounts,
  })
  return new PrivateHost(host)
}

function refuseUnknown({ dependencies }: ServiceDefinition, given: object): void {
  const known = Object.keys(dependencies)
  const unknown = Object.keys(given).find((property) => !known.includes(property))
  if (unknown === undefined) return
  const near = nearNames(unknown, known)
  throw createError('EKB_ERR_CONFIG_UNKNOWN', { source: 'testService()', key: `dependencies.${unknown}`, near })
}

function errorLog(): Logger {
  const sink = { write: (line: string) => void process.stderr.write(line) }
  return createLogger({ level: 'error', format: 'pretty', sink })
}
