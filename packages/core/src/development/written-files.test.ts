import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type AppPhase, type Verdict, WrittenFiles } from './written-files.js'

interface Told {
  readonly file?: string
  readonly loaded?: boolean
  readonly digest?: string
}

function judged(phases: readonly AppPhase[], told: Told = {}, files = new WrittenFiles()): readonly Verdict[] {
  return phases.map((phase) => files.judge({ file: 'a', loaded: false, digest: 'x', ...told, phase }))
}

describe('WrittenFiles', () => {
  it('counts every change while the app serves', () => {
    for (const loaded of [true, false]) {
      assert.deepEqual(judged(Array(9).fill('serving'), { loaded }), Array(9).fill('restart'))
    }
    assert.deepEqual(judged(Array(9).fill('soon'), { loaded: true }), Array(9).fill('restart'))
  })

  it('takes what changes at the first start for the app’s own, until somebody changes it', () => {
    assert.deepEqual(judged(['first start', 'first start', 'serving', 'start']), [
      'ignore',
      'ignore',
      'restart',
      'ignore',
    ])
  })

  it('restarts once for what changes at a later start, and not again', () => {
    assert.deepEqual(judged(['start', 'start', 'start']), ['restart', 'ignore', 'ignore'])
  })

  it('misses no save of what was loaded, though the app starts', () => {
    const files = new WrittenFiles()
    assert.deepEqual(judged(['first start'], { loaded: true, digest: '1' }, files), ['restart'])
    assert.deepEqual(judged(['start'], { loaded: true, digest: '2' }, files), ['restart'])
    assert.deepEqual(judged(['start'], { loaded: true, digest: '2' }, files), ['ignore'])
  })

  it('misses no save of what was loaded that brings back what it was before it was changed while the app served', () => {
    const files = new WrittenFiles()
    assert.deepEqual(judged(['start'], { loaded: true, digest: '1' }, files), ['restart'])
    assert.deepEqual(judged(['serving'], { loaded: true, digest: '2' }, files), ['restart'])
    assert.deepEqual(judged(['start', 'start'], { loaded: true, digest: '1' }, files), ['restart', 'ignore'])
  })

  it('gives up what the app writes and loads anew at each start, and restarts ever more rarely when it serves', () => {
    const files = new WrittenFiles()
    const atStart = (turn: number) => judged(['start'], { loaded: true, digest: String(turn) }, files)[0]
    assert.deepEqual([1, 2, 3, 4].map(atStart), ['restart', 'restart', 'restart', 'give up'])
    const waits: number[] = []
    for (let turn = 5; turn < 50; turn++) {
      waits.push(files.waitMs('a'))
      files.noteRestart('a')
      assert.deepEqual([turn, turn].map(atStart), ['later', 'ignore'])
    }
    assert.deepEqual(waits.slice(0, 4), [300, 600, 1_200, 2_400])
    assert.equal(waits.at(-1), 24 * 3_600_000)
    assert.deepEqual(judged(['serving'], { loaded: true }, files), ['restart'])
    // Somebody works on it.
    assert.equal(files.waitMs('a'), 0)
    assert.equal(atStart(50), 'restart')
  })

  it('misses no save, however many come within one start', () => {
    const files = new WrittenFiles()
    const saves = Array.from({ length: 20 }, (_, turn) =>
      files.judge({ file: 'a', loaded: true, phase: 'start', digest: String(turn) }),
    )
    assert.deepEqual(saves.slice(0, 4), ['restart', 'restart', 'restart', 'give up'])
    assert.deepEqual(saves.slice(4), Array(16).fill('later'))
    files.noteRestart('a')
    assert.deepEqual(judged(['start'], { loaded: true }, files), ['later'])
  })

  it('gives up what is not loaded and is written soon after each start', () => {
    const files = new WrittenFiles()
    assert.deepEqual(judged(Array(5).fill('soon'), {}, files), ['restart', 'restart', 'restart', 'give up', 'ignore'])
    assert.deepEqual(judged(['serving'], {}, files), ['ignore'])
    assert.deepEqual(judged(['soon'], { file: 'b' }, files), ['restart'])
  })

  it('begins to count anew after a change of another kind', () => {
    const files = new WrittenFiles()
    judged(['soon', 'soon', 'soon'], {}, files)
    judged(['serving'], { file: 'b' }, files)
    assert.deepEqual(judged(['soon'], {}, files), ['restart'])
  })
})
