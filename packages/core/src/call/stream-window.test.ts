import assert from 'node:assert/strict'
import { test } from 'node:test'
import { seededRandom } from '../../../../test/helpers/seeded-random.js'
import { decodeCredit, encodeCredit, itemCost, STREAM_WINDOW, TakenItems } from './stream-window.js'

const frameOf = (body: Uint8Array) => ({
  type: 9,
  flags: 0,
  method: 0,
  id: 1,
  deadlineAt: undefined,
  source: body,
  bodyStart: 0,
  bodyEnd: body.byteLength,
  end: body.byteLength,
  alone: true,
})

test('small items count as a sixty-fourth of the window, larger ones as what they are', () => {
  assert.equal(itemCost(30) * 64, STREAM_WINDOW)
  assert.equal(itemCost(1_000_000), 1_000_000)
})

test('a credit reads as it was written, and nothing else is one', () => {
  assert.equal(decodeCredit(frameOf(encodeCredit(131_072))), 131_072)
  for (const cost of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.equal(decodeCredit(frameOf(encodeCredit(cost))), undefined)
  }
  assert.equal(decodeCredit(frameOf(new Uint8Array(4))), undefined)
})

test('whatever the sizes, a reader that takes all never leaves its sender without room', () => {
  const random = seededRandom(7)
  for (let round = 0; round < 200; round++) {
    const taken = new TakenItems()
    let window = STREAM_WINDOW
    let waiting = 0
    for (let sent = 0; sent < 500; sent++) {
      assert.ok(window > 0, `round ${round}: the sender is stuck after ${sent} items`)
      const cost = itemCost(Math.floor(random() * (random() < 0.1 ? 2_000_000 : 20_000)))
      window -= cost
      waiting += cost
      assert.ok(waiting <= STREAM_WINDOW + cost, 'more is on its way than the window and one item')
      if (window > 0 && random() < 0.5) continue
      // In parts of one item, as they are taken.
      window += taken.take(waiting)
      waiting = 0
    }
  }
})
