import type { Logger } from '../observe/logger.js'
import { isBooting } from '../worker/lifecycle.js'
import type { Generation } from './generation.js'
import { isMemoryShort } from './memory-headroom.js'
import { type RolloutStep, rolloutSteps } from './rollout-steps.js'
import type { Supervisor } from './supervisor.js'
import { SlotGivenUp } from './trial.js'
import type { Watcher } from './watcher.js'
import { bootError } from './worker-exit.js'

export interface RolloutOptions {
  readonly supervisor: Supervisor
  readonly generation: Generation
  readonly log: Logger
}

/** How a rollout ended. `refused`: nothing has changed. `mixed`: workers already replaced stay, the rest serve on. */
export type RolloutOutcome =
  | { readonly result: 'done' }
  | { readonly result: 'refused' | 'mixed'; readonly error: Error }

/** One slot whose worker is being replaced. */
interface Change {
  readonly watcher: Watcher
  readonly slot: number
  /** What it wanted before. */
  readonly before: readonly number[]
}

/**
 * Brings a generation into service.
 *
 *   prove: one worker of each service boots, is ready and holds for minReadyMs; the entry one does not accept yet.
 *          All at once, or one after another where memory is short
 *   ──▶ roll: slot by slot, new workers first, dependencies before dependents; then the old ones leave, the other way
 *
 * Nothing has changed for users as long as not all have proved themselves.
 */
export class Rollout {
  readonly #supervisor: Supervisor
  readonly #generation: Generation
  readonly #log: Logger

  constructor({ supervisor, generation, log }: RolloutOptions) {
    this.#supervisor = supervisor
    this.#generation = generation
    this.#log = log
  }

  /** Never rejects. */
  async run(): Promise<RolloutOutcome> {
    this.#supervisor.prepare(this.#generation)
    const refused = await this.#prove()
    if (refused !== undefined) return { result: 'refused', error: refused }
    this.#log.info({ generation: this.#generation.number }, 'the new code has proved itself')
    for (const group of this.#steps()) {
      const error = await this.#replace(group)
      if (error === undefined) continue
      this.#supervisor.abandon()
      return { result: 'mixed', error }
    }
    const { entry } = this.#supervisor
    this.#supervisor.advance(this.#generation)
    // Whoever asks next, when this is done, is answered by the new code.
    await entry.whenWithdrawn()
    return { result: 'done' }
  }

  async #prove(): Promise<Error | undefined> {
    const { number, plan } = this.#generation
    const proving = plan.services.filter(({ name, supervision }) => {
      const isNew = this.#watcher(name).slots.all.length === 0
      return isNew || supervision.surge > 0
    })
    const changes = proving.map(({ name }) => changeOf(this.#watcher(name), 0))
    this.#adoptFirst()
    const demand = ({ watcher, slot, before }: Change): void => watcher.want(slot, [number, ...before])
    const entry = changes.find(({ watcher }) => watcher.service === plan.entry)
    entry?.watcher.prove(number)
    // It boots already, and is wanted from now on whoever's turn it is.
    if (entry !== undefined) demand(entry)
    let error = this.#lostFirst()
    for (const group of this.#provingGroups(changes)) {
      if (error !== undefined) break
      group.forEach(demand)
      this.#supervisor.release()
      error = await firstError(group.map((change) => this.#trial(change)))
    }
    if (error === undefined) return undefined
    for (const { watcher, slot, before } of changes) {
      watcher.endProof()
      watcher.want(slot, before)
    }
    this.#supervisor.abandon()
    return error
  }

  /** Who boots at the same time. Those of one service that are there already tell what another will hold. */
  #provingGroups(changes: readonly Change[]): readonly (readonly Change[])[] {
    const held = changes.map(({ watcher }) => {
      const workers = watcher.slots.incarnations.map(({ worker }) => worker.record.vitals?.rssBytes ?? 0)
      return Math.max(0, ...workers)
    })
    const availableBytes = process.availableMemory()
    if (!isMemoryShort(held, availableBytes)) return [changes]
    this.#log.warn({ availableBytes }, 'memory is short: services prove themselves one after another')
    return changes.map((change) => [change])
  }

  /** The worker that announced the graph is the first to prove itself. */
  #adoptFirst(): void {
    const { begun, plan } = this.#generation
    for (const worker of begun) this.#watcher(plan.entry).adopt(worker, this.#generation)
  }

  /** It may have ended while the plan was made, when nobody of ours watched it. */
  #lostFirst(): Error | undefined {
    const ended = this.#generation.begun.find(({ state }) => !isBooting(state))
    if (ended === undefined) return undefined
    const { identity, record, lastOutput } = ended
    return bootError({ service: identity.service, slot: identity.slot, bootTimeoutMs: 0, record, lastOutput })
  }

  /** Those of the plan, then those for slots that were added meanwhile, which are of the code before. */
  *#steps(): Generator<readonly RolloutStep[]> {
    yield* rolloutSteps(this.#services())
    for (let added = this.#added(); added.length > 0; added = this.#added()) yield added
  }

  #added(): readonly RolloutStep[] {
    const { number } = this.#generation
    return this.#services().flatMap(({ name, workers, surge }) => {
      const old = this.#watcher(name).slots.all.filter(
        ({ index, wanted }) => index < workers && wanted.length > 0 && !wanted.includes(number),
      )
      const slots = old.slice(0, Math.max(1, surge)).map(({ index }) => index)
      return slots.length === 0 ? [] : [{ name, slots }]
    })
  }

  /** Replaces what one group of steps names; an error says that it did not come to its end. */
  async #replace(group: readonly RolloutStep[]): Promise<Error | undefined> {
    const counts = new Map(this.#services().map(({ name, workers }) => [name, workers]))
    // Fewer, where the number was set lower meanwhile.
    const left = ({ name, slots }: RolloutStep) => slots.filter((slot) => slot < (counts.get(name) ?? 0))
    const changes = group.flatMap((step) => left(step).map((slot) => changeOf(this.#watcher(step.name), slot)))
    const { number } = this.#generation
    const trials = changes.map(async (change) => {
      const { watcher, slot, before } = change
      const isProven = before.includes(number)
      const { surge } = this.#planOf(watcher.service)
      if (watcher.service === this.#generation.plan.entry) watcher.admit()
      watcher.want(slot, surge === 0 ? [number] : [number, ...without(before, number)])
      const error = await this.#trial(change)
      // There are to be fewer workers than when it began.
      if (error instanceof SlotGivenUp) return undefined
      // One that has proved itself is wanted by callers of its own generation: it is started again like any other.
      if (error !== undefined && !isProven) watcher.want(slot, before)
      return error
    })
    const error = await firstError(trials)
    if (error !== undefined) return error
    for (const { watcher, slot } of changes.toReversed())
      watcher.want(slot, wantedIn(watcher, slot), { retiring: true })
    this.#supervisor.retire()
    return undefined
  }

  /** Resolves with why it failed. */
  async #trial({ watcher, slot }: Change): Promise<Error | undefined> {
    try {
      await watcher.trial(slot, this.#generation.number)
      return undefined
    } catch (error) {
      return error as Error
    }
  }

  /** As many workers as now, unless the plan asks for another number than the last one did. */
  #services() {
    return this.#generation.plan.services.map(({ name, workers, supervision }) => {
      const watcher = this.#watcher(name)
      return { name, workers: watcher.plan.workers === workers ? watcher.target : workers, surge: supervision.surge }
    })
  }

  #planOf(service: string) {
    const { supervision } = this.#watcher(service).planIn(this.#generation.number) ?? this.#watcher(service).plan
    return supervision
  }

  #watcher(service: string): Watcher {
    return this.#supervisor.watcher(service) as Watcher
  }
}

function changeOf(watcher: Watcher, slot: number): Change {
  return { watcher, slot, before: wantedIn(watcher, slot) }
}

function wantedIn(watcher: Watcher, slot: number): readonly number[] {
  return watcher.slots.at(slot)?.wanted ?? []
}

function without(generations: readonly number[], left: number): readonly number[] {
  return generations.filter((generation) => generation !== left)
}

/** The first of several errors; undefined when all are done without one. */
async function firstError(trials: readonly Promise<Error | undefined>[]): Promise<Error | undefined> {
  return new Promise((resolve) => {
    for (const trial of trials) void trial.then((error) => error && resolve(error))
    void Promise.all(trials).then(() => resolve(undefined))
  })
}
