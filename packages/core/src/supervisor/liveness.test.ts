import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { WORKER_STATES } from '../worker/lifecycle.js'
import { type LivenessView, nextClock, wedgedForMs } from './liveness.js'

const READY: LivenessView = { state: 'ready', heardAt: 10_000, inspected: false, timeoutMs: 3_000, heartbeatMs: 500 }
const clockAt = (lookedAt: number, since = 0) => ({ lookedAt, since })

describe('wedgedForMs', () => {
  it('counts from when the next heartbeat was due', () => {
    assert.equal(wedgedForMs(READY, clockAt(13_499)), undefined)
    assert.equal(wedgedForMs(READY, clockAt(13_500)), 3_000)
    assert.equal(wedgedForMs(READY, clockAt(14_000)), 3_500)
  })

  it('counts no silence from before the clock began anew', () => {
    assert.equal(wedgedForMs(READY, clockAt(15_000, 12_000)), undefined)
    assert.equal(wedgedForMs(READY, clockAt(15_500, 12_000)), 3_000)
  })

  it('judges nobody who was never heard, is inspected, or is not to be judged', () => {
    const late = clockAt(1_000_000)
    assert.equal(wedgedForMs({ ...READY, heardAt: undefined }, late), undefined)
    assert.equal(wedgedForMs({ ...READY, inspected: true }, late), undefined)
    assert.equal(wedgedForMs({ ...READY, timeoutMs: 0 }, late), undefined)
  })

  it('leaves those on their way up to the timeout of their boot, and those on their way out to theirs', () => {
    const late = clockAt(1_000_000)
    const judged = WORKER_STATES.filter((state) => wedgedForMs({ ...READY, state }, late) !== undefined)
    assert.deepEqual(judged, ['held', 'standby', 'ready', 'draining'])
  })
})

describe('nextClock', () => {
  it('goes on counting while looks come in time', () => {
    assert.deepEqual(nextClock({ lookedAt: 1_000, since: 7 }, 1_250, 250), { lookedAt: 1_250, since: 7 })
    assert.deepEqual(nextClock({ lookedAt: 1_000, since: 7 }, 1_750, 250), { lookedAt: 1_750, since: 7 })
  })

  it('begins anew after a look that came too late', () => {
    assert.deepEqual(nextClock({ lookedAt: 1_000, since: 7 }, 1_751, 250), { lookedAt: 1_751, since: 1_751 })
  })
})
