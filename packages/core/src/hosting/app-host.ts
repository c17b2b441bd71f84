import type { InitMessage } from '../ipc/protocol.js'
import type { MetricsRegistry } from '../metrics/app-metric.js'
import { sharedSlot } from '../util/shared-state.js'
import type { CallingSession } from './host-session.js'

/** What a worker that runs a host app offers to `bootstrapProduction` in that app's main file. */
export interface AppHost {
  readonly session: CallingSession
  /** The supervisor's first word. */
  readonly told: Promise<InitMessage>
  /** The port for which the app gets the public socket; undefined: the first that it asks for. */
  readonly port: number | undefined
  /** The app is being built: what follows is part of this worker's boot. */
  beginBuild(): Promise<void>
  /** It is built, and may listen. */
  endBuild(): void
  /** Has the pools start that were asked for by now: more may follow while the app is built. */
  announce(): void
  /** This worker cannot serve. */
  fail(error: unknown): Promise<void>
  /** What closes the app when its last request is answered, before it does what it would at SIGTERM. */
  onEnd(close: () => unknown): void
  /** Has `/metrics` tell what is in the app's own registry. */
  include(registry: MetricsRegistry): void
}

interface Holder {
  host: AppHost | undefined
}

/** undefined: this process is no worker that runs a host app. */
export function appHost(): AppHost | undefined {
  return holder().host
}

/** Before any code of the app runs. */
export function offerAppHost(host: AppHost): void {
  holder().host = host
}

function holder(): Holder {
  return sharedSlot('app-host', (): Holder => ({ host: undefined }))
}
