import type { ServePlan } from '../plan/serve-plan.js'
import type { RemoteStatus } from './instance-status.js'

/** How a service elsewhere answered when it was asked. */
export interface RemoteAnswer {
  readonly state: 'ready' | 'not-ready' | 'reachable' | 'unreachable'
  /** Why it is not ready, in a few words. */
  readonly reason: string | null
}

interface SeenState extends RemoteAnswer {
  /** Milliseconds since the epoch. */
  readonly since: number
}

/** What is known of the services elsewhere that a plan names: since when each was found to be how it is. */
export class RemoteStates {
  readonly #seen = new Map<string, SeenState>()

  /** Takes down an answer, which came at `now` milliseconds since the epoch. */
  note(url: string, { state, reason }: RemoteAnswer, now: number): void {
    const before = this.#seen.get(url)
    this.#seen.set(url, { state, reason, since: before?.state === state ? before.since : now })
  }

  /** A row for each dependency of the plan that runs elsewhere. */
  list(plan: ServePlan | undefined): readonly RemoteStatus[] {
    return (plan?.services ?? []).flatMap(({ name, remotes }) =>
      remotes.map(({ property, url, optional, service = null }): RemoteStatus => {
        const seen = this.#seen.get(url)
        const since = seen === undefined ? null : new Date(seen.since).toISOString()
        const { state = 'unknown', reason = null } = seen ?? {}
        return { service: name, property, target: service, url, optional, state, since, reason }
      }),
    )
  }
}

/** Where the services elsewhere are that a plan names, each once. */
export function remoteUrls(plan: ServePlan | undefined): readonly string[] {
  return [...new Set((plan?.services ?? []).flatMap(({ remotes }) => remotes.map(({ url }) => url)))]
}
