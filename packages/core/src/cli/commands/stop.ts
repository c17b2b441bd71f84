import { setTimeout as delay } from 'node:timers/promises'
import type { StopAnswer } from '../../control/control-protocol.js'
import { type FoundInstance, isGone } from '../../supervisor/list-instances.js'
import { askInstance, firstStatus } from '../control-client.js'
import { print } from '../print.js'
import { findInstance, type SteeringInput } from '../steering-input.js'

const LOOK_AGAIN_MS = 20
/** From its last word to its end: its log is flushed in between. */
const GONE_WITHIN_MS = 10_000

/** `ekiben stop`: stops an instance and waits until it is gone; resolves with the exit code that it ended with. */
export async function stop(input: SteeringInput): Promise<number> {
  const found = await findInstance(input)
  await firstStatus(found)
  const { exitCode, forced, endsProcess } = await askInstance<StopAnswer>(found, { method: 'POST', path: '/stop' })
  await whenGone(found, endsProcess)
  const cut = forced.map((what) => `  had to be cut short: ${what}\n`).join('')
  print(`${found.instance} stopped\n${cut}`)
  return exitCode
}

async function whenGone(found: FoundInstance, endsProcess: boolean): Promise<void> {
  const giveUpAt = performance.now() + GONE_WITHIN_MS
  while (!(await isGone(found, endsProcess)) && performance.now() < giveUpAt) await delay(LOOK_AGAIN_MS)
}
