import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WORKER_STATES, type WorkerState } from '../worker/lifecycle.js'
import { reconcile, type SlotView } from './reconcile.js'

const slot = (index: number, state: WorkerState | undefined, notBefore = 0): SlotView => ({
  slot: index,
  state,
  notBefore,
})

describe('reconcile', () => {
  it('fills every empty slot at once', () => {
    const { actions, nextAt } = reconcile([], { workers: 3 }, 10)
    assert.deepEqual(
      actions,
      [0, 1, 2].map((index) => ({ do: 'spawn', slot: index })),
    )
    assert.equal(nextAt, undefined)
  })

  it('leaves a full pool alone', () => {
    assert.deepEqual(reconcile([slot(0, 'ready'), slot(1, 'booting')], { workers: 2 }, 10).actions, [])
  })

  it('waits for a slot that is not to be filled yet, and says until when', () => {
    const views = [slot(0, undefined, 500), slot(1, undefined, 300), slot(2, undefined, 10)]
    assert.deepEqual(reconcile(views, { workers: 3 }, 10), { actions: [{ do: 'spawn', slot: 2 }], nextAt: 300 })
  })

  it('waits for a worker that is leaving its slot', () => {
    assert.deepEqual(reconcile([slot(0, 'draining')], { workers: 1 }, 10), { actions: [], nextAt: undefined })
  })

  it('drains what is beyond the target, and forgets its slot when it is gone', () => {
    const views = [slot(0, 'ready'), slot(1, 'ready'), slot(2, 'draining'), slot(3, undefined)]
    assert.deepEqual(reconcile(views, { workers: 1 }, 10).actions, [
      { do: 'drain', slot: 1 },
      { do: 'forget', slot: 3 },
    ])
  })

  it('comes to its target from any view and never has more workers than it', () => {
    const states: readonly (WorkerState | undefined)[] = [
      ...WORKER_STATES.filter((state) => state !== 'exited'),
      undefined,
    ]
    for (let pattern = 0; pattern < states.length ** 3; pattern++) {
      for (const workers of [0, 1, 2, 4]) {
        let views = [0, 1, 2].map((index) =>
          slot(index, states[Math.floor(pattern / states.length ** index) % states.length]),
        )
        for (let round = 0; round < 4; round++) views = carryOut(views, workers)
        const live = views.filter((view) => view.state === 'ready')
        assert.equal(live.length, workers)
        assert.equal(views.length, workers)
      }
    }
  })
})

/** Does what is asked, then lets every worker reach the end of what it was doing. */
function carryOut(views: readonly SlotView[], workers: number): SlotView[] {
  const { actions } = reconcile(views, { workers }, 0)
  const next = new Map(views.map((view) => [view.slot, view]))
  for (const action of actions) {
    if (action.do === 'forget') next.delete(action.slot)
    else next.set(action.slot, slot(action.slot, action.do === 'spawn' ? 'spawning' : 'draining'))
  }
  return [...next.values()].map((view) => {
    if (view.state === 'draining' || view.state === 'killing') return slot(view.slot, undefined)
    return view.state === undefined ? view : slot(view.slot, 'ready')
  })
}
