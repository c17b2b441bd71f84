import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Vitals } from '../ipc/protocol.js'
import { recycleReason } from './recycling.js'

const VITALS: Vitals = {
  inFlight: 0,
  oldestCallMs: 0,
  calls: 107,
  callLimit: 0,
  loopUtilization: 0,
  rssBytes: 100_000_000,
  inspected: false,
  ready: true,
  alive: true,
}
const NEVER = { maxAgeMs: 0, maxRssBytes: 0 }

it('0 is never', () => {
  assert.equal(recycleReason({ vitals: VITALS, readyAt: 0 }, 1e12, NEVER), undefined)
})

it('counts age from when it became ready', () => {
  const record = { vitals: VITALS, readyAt: 5_000 }
  assert.equal(recycleReason(record, 5_999, { ...NEVER, maxAgeMs: 1_000 }), undefined)
  assert.equal(recycleReason({ vitals: VITALS }, 1e12, { ...NEVER, maxAgeMs: 1_000 }), undefined)
})

it('each limit is reached when it is, and not before', () => {
  assert.equal(recycleReason({ vitals: { ...VITALS, callLimit: 108 }, readyAt: 0 }, 0, NEVER), undefined)
  assert.equal(
    recycleReason({ vitals: { ...VITALS, callLimit: 107 }, readyAt: 0 }, 0, NEVER),
    'maxRequests: 107 of 107',
  )
  assert.equal(recycleReason({ vitals: VITALS, readyAt: 0 }, 999.4, { ...NEVER, maxAgeMs: 1_000 }), undefined)
  assert.equal(
    recycleReason({ vitals: VITALS, readyAt: 0 }, 1_000.4, { ...NEVER, maxAgeMs: 1_000 }),
    'maxAgeMs: 1000 of 1000',
  )
  assert.equal(recycleReason({ vitals: VITALS, readyAt: 0 }, 0, { ...NEVER, maxRssBytes: 100_000_000 }), undefined)
  const reason = recycleReason({ vitals: VITALS, readyAt: 0 }, 0, { ...NEVER, maxRssBytes: 99_999_999 })
  assert.equal(reason, 'maxRssBytes: 100000000 of 99999999')
})
