import assert from 'node:assert/strict'
import { test } from 'node:test'
import { closeAfter } from './close-after.js'

interface Stopping {
  onStop(): Promise<void>
}

test('what an instance was made with is closed after its own onStop, also where that throws', async () => {
  const happened: string[] = []
  class Printer {
    readonly name = 'printer'
    onStop() {
      happened.push(`${this.name} stopped`)
    }
  }
  class Stuck extends Printer {
    override onStop(): void {
      super.onStop()
      throw new Error('no paper')
    }
  }
  const close = async () => void happened.push('closed')
  await (closeAfter(new Printer(), close) as unknown as Stopping).onStop()
  await assert.rejects((closeAfter(new Stuck(), close) as unknown as Stopping).onStop(), { message: 'no paper' })
  await (closeAfter({}, close) as Stopping).onStop()
  assert.deepEqual(happened, ['printer stopped', 'closed', 'printer stopped', 'closed', 'closed'])
})
