import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { RestartBudget } from './restart-budget.js'
import { ServiceRestarts, type TriedSlot, type TriedWorker } from './service-restarts.js'

const POLICY = {
  initialMs: 100,
  factor: 2,
  maxMs: 30_000,
  resetAfterMs: 60_000,
  flappingCount: 5,
  flappingWindowMs: 30_000,
}
const settings = () => ({ restart: POLICY, minReadyMs: 1_000 })
const ALMOST_ONE = 1 - Number.EPSILON

interface Tries {
  readonly slot: number
  readonly at: number
}

/** A service on a clock of its own, whose workers are ready at once and live as long as `lifeMs` says. */
class Simulation {
  now = 0
  lifeMs: (slot: number, at: number) => number
  readonly tries: Tries[] = []
  readonly began: number[] = []
  readonly recovered: number[] = []
  overBudget = false
  readonly #restarts: ServiceRestarts
  readonly #slots: { notBefore: number; worker: { spawnedAt: number; diesAt: number } | undefined }[]
  readonly #generation: number

  constructor(slots: number, lifeMs: Simulation['lifeMs'], budget = new RestartBudget()) {
    this.lifeMs = lifeMs
    this.#generation = 1
    this.#restarts = new ServiceRestarts({ settings, budget })
    this.#slots = Array.from({ length: slots }, () => ({ notBefore: 0, worker: undefined }))
  }

  get ready(): number {
    return this.#slots.filter(({ worker }) => worker !== undefined).length
  }

  get isFlapping(): boolean {
    return this.#restarts.isFlapping
  }

  runUntil(end: number): void {
    for (; this.now < end; this.now += 10) this.#step()
  }

  #step(): void {
    for (const [index, slot] of this.#slots.entries()) {
      const { worker } = slot
      if (worker === undefined || worker.diesAt > this.now) continue
      slot.worker = undefined
      const readyForMs = this.now - worker.spawnedAt
      const death = { slot: index, generation: this.#generation, at: this.now, readyForMs, spawnedAt: worker.spawnedAt }
      const { waitMs, beganFlapping } = this.#restarts.onDeath(death, ALMOST_ONE)
      slot.notBefore = this.now + waitMs
      if (beganFlapping) this.began.push(this.now)
    }
    const gate = this.#restarts.gate(
      this.#slots.map((_, index) => this.#view(index)),
      this.now,
    )
    if (gate.recovered) this.recovered.push(this.now)
    this.overBudget ||= gate.overBudget
    for (const { slot, notBefore, workers } of gate.slots) {
      if (workers.length > 0 || notBefore > this.now) continue
      this.#restarts.onSpawn(slot, this.now)
      this.tries.push({ slot, at: this.now })
      const worker = { spawnedAt: this.now, diesAt: this.now + this.lifeMs(slot, this.now) }
      Object.assign(this.#slots[slot] as object, { worker })
    }
  }

  #view(slot: number): TriedSlot {
    const { notBefore = 0, worker } = this.#slots[slot] ?? {}
    const ready: TriedWorker[] =
      worker === undefined ? [] : [{ generation: 1, state: 'ready', provenSince: worker.spawnedAt }]
    return { slot, wanted: [this.#generation], workers: ready, notBefore }
  }
}

describe('restarts of a service', () => {
  it('tries one slot at a time while it flaps, with waits that grow to their ceiling', () => {
    const flapping = new Simulation(4, () => 50)
    flapping.runUntil(300_000)
    const [began = 0] = flapping.began
    assert.deepEqual(flapping.began, [began])
    assert.ok(began < 1_000)
    const later = flapping.tries.filter(({ at }) => at > began)
    const gaps = later.slice(1).map(({ at }, index) => at - (later[index]?.at ?? 0))
    // Each gap is a life and a wait.
    assert.deepEqual(gaps.slice(-3), [30_050, 30_050, 30_050])
    for (const [index, gap] of gaps.slice(1).entries()) assert.ok(gap >= (gaps[index] ?? 0), String(gaps))
    assert.ok(flapping.tries.length <= 24, `${flapping.tries.length} tries in five minutes`)
    // Each slot has its turn: one of them may have a GPU that works.
    assert.deepEqual(new Set(later.map(({ slot }) => slot)), new Set([0, 1, 2, 3]))
  })

  it('opens all slots once a try has outlived those that died, without any action', () => {
    const simulation = new Simulation(4, () => 50)
    simulation.runUntil(10_000)
    assert.equal(simulation.isFlapping, true)
    simulation.lifeMs = () => Infinity
    simulation.runUntil(30_000)
    const [recovered = Infinity] = simulation.recovered
    const firstGood = simulation.tries.find(({ at }) => at > 10_000)
    assert.equal(recovered, (firstGood?.at ?? 0) + 1_000)
    assert.deepEqual([simulation.ready, simulation.isFlapping], [4, false])
    // The others came when it was proven, not before.
    assert.ok(simulation.tries.filter(({ at }) => at > 10_000).every(({ at }, index) => index === 0 || at >= recovered))
  })

  it('holds the slots that fail back, and leaves a worker that is well alone', () => {
    const simulation = new Simulation(2, (slot) => (slot === 0 ? Infinity : 20))
    simulation.runUntil(120_000)
    assert.equal(simulation.tries.filter(({ slot }) => slot === 0).length, 1)
    assert.equal(simulation.isFlapping, true)
    assert.ok(simulation.tries.length < 16)
  })

  it('fills every slot again at once when all die together', () => {
    const simulation = new Simulation(8, (_slot, at) => (at < 5_000 ? 10_000 - at : Infinity))
    simulation.runUntil(10_500)
    assert.deepEqual([simulation.ready, simulation.began], [8, []])
  })

  it('keeps all services together within the budget, but for the first restart of each worker', () => {
    const budget = new RestartBudget()
    const many = Array.from({ length: 6 }, () => new Simulation(2, () => 10, budget))
    for (let end = 0; end <= 60_000; end += 10) for (const each of many) each.runUntil(end)
    const tries = many.flatMap((each) => each.tries)
    const first = 6 * 2 * 2
    assert.ok(tries.length <= first + 20, `${tries.length} tries in a minute`)
    assert.ok(many.some((each) => each.overBudget))
  })

  it('does not hold back what somebody has asked for', () => {
    const restarts = new ServiceRestarts({ settings, budget: new RestartBudget() })
    for (let at = 0; at < 5; at++) restarts.onDeath({ slot: 0, generation: 1, at, readyForMs: undefined }, 0)
    const empty = { slot: 0, wanted: [1], workers: [], notBefore: 0 }
    assert.ok((restarts.gate([empty], 10).slots[0]?.notBefore ?? 0) > 10)
    restarts.onAsked(0)
    assert.equal(restarts.gate([empty], 10).slots[0], empty)
  })

  it('lets another generation start with a clean slate', () => {
    const restarts = new ServiceRestarts({ settings, budget: new RestartBudget() })
    for (let at = 0; at < 5; at++) restarts.onDeath({ slot: 0, generation: 1, at, readyForMs: undefined }, 0)
    assert.equal(restarts.isFlapping, true)
    const newer = { slot: 0, wanted: [2, 1], workers: [], notBefore: 0 }
    assert.equal(restarts.gate([newer], 10).slots[0], newer)
    assert.equal(restarts.isFlapping, true)
    restarts.gate([{ ...newer, wanted: [2] }], 10)
    assert.equal(restarts.isFlapping, false)
    assert.equal(restarts.onDeath({ slot: 0, generation: 2, at: 20, readyForMs: 1 }, 0).streak, 1)
    assert.equal(restarts.isFlapping, false)
  })
})
