import type { SslSettings } from '../config/ssl-settings.js'
import type { GraphEdge, RemoteEdge } from '../graph/service-graph.js'

/** How the workers of one service are watched, every default applied. Milliseconds. */
export interface SupervisionPlan {
  readonly bootTimeoutMs: number
  /** 0: never. */
  readonly livenessTimeoutMs: number
  readonly drainTimeoutMs: number
  readonly reloadDrainMs: number
  readonly keepAliveDrainMs: number
  readonly prestopDelayMs: number
  readonly dependencyGraceMs: number
  /** Workers beyond the target while some are replaced. 0: one ends before the next starts. */
  readonly surge: number
  readonly minReadyMs: number
  /** 0: never. */
  readonly maxRequests: number
  readonly maxRequestsJitter: number
  /** 0: never. */
  readonly maxAgeMs: number
  /** 0: never. */
  readonly maxRssBytes: number
  readonly restart: RestartPlan
}

export interface RestartPlan {
  readonly initialMs: number
  readonly factor: number
  readonly maxMs: number
  readonly resetAfterMs: number
  readonly flappingCount: number
  readonly flappingWindowMs: number
}

export interface TrafficPlan {
  /** undefined: no limit. */
  readonly timeoutMs: number | undefined
  readonly maxConcurrency: number | undefined
  readonly maxQueue: number
}

/** One service's pool. */
export interface ServicePlan {
  readonly name: string
  readonly entry: boolean
  readonly workers: number
  /** Its workers are threads of a host process; else each is a process. */
  readonly threads: boolean
  readonly dependencies: readonly GraphEdge[]
  /** What it calls that runs elsewhere. */
  readonly remotes: readonly RemoteEdge[]
  /** 0 for a service that needs no other. A service is at least one above all it depends on. */
  readonly level: number
  /** undefined: an app answers its requests itself, and no service calls it. */
  readonly traffic: TrafficPlan | undefined
  readonly supervision: SupervisionPlan
  /** Variables the service declares; what the operating system sets wins. */
  readonly env: Readonly<Record<string, string>>
  /** Variables of the supervisor that the workers inherit, `PREFIX*` among them; undefined: all. */
  readonly envAllow: readonly string[] | undefined
  /** One per slot, set unless preset: `CUDA_VISIBLE_DEVICES`. Empty: no GPU asked for. */
  readonly gpus: readonly string[]
  readonly nodeArgs: readonly string[]
  readonly maxHeapBytes: number | undefined
  readonly schemaHash: string
  /** Run its `static onDeploy()` in a short process before its workers start. */
  readonly deploys: boolean
}

export interface PlanWarning {
  readonly code: string
  readonly message: string
}

export type PlannedAddress =
  /** null: what the app asks for. */
  | { readonly host: string | null; readonly port: number | null }
  /** A Unix socket, and its permission bits in octal digits. */
  | { readonly uds: string; readonly mode: string }

/** Everything the supervisor carries out. Plain JSON: `--dry-run` prints it. */
export interface ServePlan {
  readonly entry: string
  /** Dependencies before their dependents; the entry last. */
  readonly services: readonly ServicePlan[]
  readonly address: PlannedAddress & { readonly backlog: number }
  /** How the address is encrypted; undefined: not at all. */
  readonly tls?: Omit<SslSettings, 'password'> | undefined
  readonly warnings: readonly PlanWarning[]
}
