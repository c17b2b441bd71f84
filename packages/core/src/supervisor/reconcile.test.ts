import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WORKER_STATES } from '../worker/lifecycle.js'
import { type ReplacePolicy, reconcile, type SlotView, type WorkerView } from './reconcile.js'

const SURGE: ReplacePolicy = { surge: 1, minReadyMs: 100 }
const NO_SURGE: ReplacePolicy = { surge: 0, minReadyMs: 100 }
/** Long after every worker of these tests became ready. */
const NOW = 1_000

const worker = (id: number, given: Partial<WorkerView> = {}): WorkerView => ({
  id,
  generation: 1,
  state: 'ready',
  flagged: false,
  provenSince: 0,
  ...given,
})
const booting = (id: number, generation: number): WorkerView =>
  worker(id, { generation, state: 'booting', provenSince: undefined })
const slot = (index: number, workers: readonly WorkerView[], wanted: readonly number[] = [1]): SlotView => ({
  slot: index,
  wanted,
  workers,
  notBefore: 0,
})

describe('reconcile', () => {
  it('fills every empty slot at once', () => {
    const { actions, nextAt } = reconcile([slot(0, []), slot(1, [])], SURGE, NOW)
    assert.deepEqual(
      actions,
      [0, 1].map((index) => ({ do: 'spawn', slot: index, generation: 1 })),
    )
    assert.equal(nextAt, undefined)
  })

  it('leaves a full pool alone', () => {
    assert.deepEqual(reconcile([slot(0, [worker(1)]), slot(1, [booting(2, 1)])], SURGE, NOW).actions, [])
  })

  it('waits for a slot that is not to be filled yet, and says until when', () => {
    const waiting = { ...slot(0, []), notBefore: NOW + 400 }
    const waitingLess = { ...slot(1, []), notBefore: NOW + 200 }
    const { actions, nextAt } = reconcile([waiting, waitingLess, slot(2, [])], SURGE, NOW)
    assert.deepEqual(actions, [{ do: 'spawn', slot: 2, generation: 1 }])
    assert.equal(nextAt, NOW + 200)
  })

  it('waits for the end of one that is killed, not of one that drains', () => {
    assert.deepEqual(reconcile([slot(0, [worker(1, { state: 'killing' })])], SURGE, NOW).actions, [])
    const draining = slot(0, [worker(1, { state: 'draining' })])
    assert.deepEqual(reconcile([draining], SURGE, NOW).actions, [{ do: 'spawn', slot: 0, generation: 1 }])
    assert.deepEqual(reconcile([draining], NO_SURGE, NOW).actions, [])
  })

  it('drains what is in a slot that wants nothing, and forgets the slot when it is empty', () => {
    const views = [slot(0, [worker(1)]), slot(1, [worker(2)], []), slot(2, [worker(3, { state: 'draining' })], [])]
    assert.deepEqual(reconcile([...views, slot(3, [], [])], SURGE, NOW).actions, [
      { do: 'drain', slot: 1, id: 2 },
      { do: 'forget', slot: 3 },
    ])
  })

  it('drains the old generation only when the new worker has been ready for long enough', () => {
    const wanted = [2]
    assert.deepEqual(reconcile([slot(0, [worker(1)], wanted)], SURGE, NOW).actions, [
      { do: 'spawn', slot: 0, generation: 2 },
    ])
    assert.deepEqual(reconcile([slot(0, [worker(1), booting(2, 2)], wanted)], SURGE, NOW).actions, [])
    const fresh = worker(2, { generation: 2, provenSince: NOW - 40 })
    assert.deepEqual(reconcile([slot(0, [worker(1), fresh], wanted)], SURGE, NOW), { actions: [], nextAt: NOW + 60 })
    assert.deepEqual(reconcile([slot(0, [worker(1), fresh], wanted)], SURGE, NOW + 60).actions, [
      { do: 'drain', slot: 0, id: 1 },
    ])
  })

  it('keeps both generations where both are wanted, and starts either again', () => {
    const both = slot(0, [worker(1), worker(2, { generation: 2 })], [2, 1])
    assert.deepEqual(reconcile([both], SURGE, NOW).actions, [])
    const oldDied = slot(0, [worker(2, { generation: 2 })], [2, 1])
    assert.deepEqual(reconcile([oldDied], SURGE, NOW).actions, [{ do: 'spawn', slot: 0, generation: 1 }])
  })

  it('gives up a new worker that is wanted no more, in whatever state', () => {
    const given = slot(0, [worker(1), booting(2, 2)], [1])
    assert.deepEqual(reconcile([given], SURGE, NOW).actions, [{ do: 'drain', slot: 0, id: 2 }])
    const ready = slot(0, [worker(1), worker(2, { generation: 2 })], [1])
    assert.deepEqual(reconcile([ready], SURGE, NOW).actions, [{ do: 'drain', slot: 0, id: 2 }])
    const young = slot(0, [worker(1, { provenSince: NOW - 10 }), worker(2, { generation: 2 })], [1])
    assert.deepEqual(reconcile([young], SURGE, NOW).actions, [{ do: 'drain', slot: 0, id: 2 }])
  })

  it('does not take one in standby for a successor', () => {
    const standby = worker(2, { generation: 2, state: 'standby' })
    assert.deepEqual(reconcile([slot(0, [worker(1), standby], [2])], SURGE, NOW).actions, [])
  })

  it('replaces no more flagged workers at once than the surge', () => {
    const flagged = (index: number): SlotView => slot(index, [worker(index, { flagged: true })])
    const pool = [flagged(0), flagged(1), flagged(2)]
    assert.equal(reconcile(pool, SURGE, NOW).actions.length, 1)
    assert.equal(reconcile(pool, { ...SURGE, surge: 2 }, NOW).actions.length, 2)
    const underWay = slot(0, [worker(0, { flagged: true }), booting(7, 1)])
    assert.deepEqual(reconcile([flagged(1), underWay], SURGE, NOW).actions, [])
  })

  it('lets the old one end first where there is no surge, one slot at a time', () => {
    const old = (index: number): SlotView => slot(index, [worker(index)], [2])
    assert.deepEqual(reconcile([old(0), old(1)], NO_SURGE, NOW).actions, [{ do: 'drain', slot: 0, id: 0 }])
    const leaving = slot(0, [worker(0, { state: 'draining' })], [2])
    assert.deepEqual(reconcile([leaving, old(1)], NO_SURGE, NOW).actions, [])
    assert.deepEqual(reconcile([slot(0, [], [2]), old(1)], NO_SURGE, NOW).actions, [
      { do: 'spawn', slot: 0, generation: 2 },
    ])
    assert.deepEqual(reconcile([slot(0, [booting(5, 2)], [2]), old(1)], NO_SURGE, NOW).actions, [])
  })

  it('comes to what is wanted from any view, and then does nothing more', () => {
    const states = WORKER_STATES.filter((state) => state !== 'exited')
    const kinds: readonly (WorkerView | undefined)[] = [
      undefined,
      ...states.flatMap((state) =>
        [false, true].flatMap((flagged) =>
          [1, 2].map((generation) =>
            worker(generation, { state, flagged, generation, provenSince: state === 'ready' ? 0 : undefined }),
          ),
        ),
      ),
    ]
    for (const policy of [SURGE, NO_SURGE]) {
      for (const wanted of [[], [1], [2], [2, 1]]) {
        for (const one of kinds) {
          for (const other of kinds) {
            const workers = [one, other].flatMap((each, id) => (each === undefined ? [] : [{ ...each, id }]))
            const left = settle([slot(0, workers, wanted), slot(1, [worker(9)], [1])], policy)
            const found = left.find((each) => each.slot === 0)?.workers ?? []
            assert.deepEqual(found.map(({ generation }) => generation).sort(), [...wanted].sort())
            assert.ok(found.every(({ state, flagged }) => state === 'ready' && !flagged))
          }
        }
      }
    }
  })
})

/** Does what is asked, and lets every worker come to the end of what it was doing, until nothing is asked any more. */
function settle(views: readonly SlotView[], policy: ReplacePolicy): readonly SlotView[] {
  let slots = [...views]
  let nextId = 100
  for (let round = 0; round < 20; round++) {
    const { actions } = reconcile(slots, policy, NOW)
    for (const action of actions) {
      if (action.do === 'forget') slots = slots.filter(({ slot: index }) => index !== action.slot)
      slots = slots.map((view) => {
        if (view.slot !== action.slot) return view
        if (action.do === 'spawn') return { ...view, workers: [...view.workers, booting(nextId++, action.generation)] }
        if (action.do !== 'drain') return view
        const workers = view.workers.map((each) =>
          each.id === action.id
            ? { ...each, state: each.state === 'ready' ? ('draining' as const) : ('killing' as const) }
            : each,
        )
        return { ...view, workers }
      })
    }
    slots = slots.map((view) => ({
      ...view,
      workers: view.workers
        .filter(({ state }) => state !== 'draining' && state !== 'killing')
        .map((each) => ({ ...each, state: 'ready' as const, provenSince: 0 })),
    }))
  }
  assert.deepEqual(reconcile(slots, policy, NOW).actions, [])
  return slots
}
