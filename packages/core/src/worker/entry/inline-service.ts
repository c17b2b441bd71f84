import { InlineGraph, type RunningService } from '../../hosting/inline-graph.js'
import type { Logger } from '../../observe/logger.js'
import type { InlineSettings } from '../../plan/inline-settings.js'
import { ServiceProbes } from '../../runner/service-probes.js'
import type { ServiceDefinition } from '../../service/service-definition.js'
import type { WorkerService } from './load-worker-service.js'

/** A service that runs here with all that it depends on. */
export interface InlineService extends RunningService {
  readonly probes: ServiceProbes
  /** The calls that run are told that this process is about to leave. */
  beginDrain(): void
  /** Dependents before what they depend on. */
  stop(): Promise<void>
}

/** Sets what the services want, and starts them, dependencies first. Rejects with nothing left running. */
export async function startInline(
  service: WorkerService,
  { env, deploys }: InlineSettings,
  log: Logger,
): Promise<InlineService> {
  for (const [name, value] of Object.entries(env)) process.env[name] ??= value
  for (const name of deploys) await deploy(service.definitions.get(name))
  const graph = new InlineGraph({ log, cut: service.cut })
  try {
    const running = await graph.start(service.definition)
    const probes = new ServiceProbes(running.instance, log)
    await probes.whenReady()
    return { ...running, probes, beginDrain: () => graph.beginDrain(), stop: () => graph.stop() }
  } catch (error) {
    await graph.stop().catch(() => {})
    throw error
  }
}

async function deploy(definition: ServiceDefinition | undefined): Promise<void> {
  await (definition?.userClass as { onDeploy?(): unknown } | undefined)?.onDeploy?.()
}
