import { askInstance, firstStatus } from '../control-client.js'
import { parseTarget } from '../parse-target.js'
import { print } from '../print.js'
import { findInstance, type SteeringInput } from '../steering-input.js'

/** `ekiben restart SERVICE[/SLOT]`: replaces its workers, with the code they run; resolves when that is done. */
export async function restart(input: SteeringInput): Promise<number> {
  const body = parseTarget(input.target ?? '')
  const found = await findInstance(input)
  await firstStatus(found)
  await askInstance(found, { method: 'POST', path: '/restart', body })
  print(`${input.target} restarted\n`)
  return 0
}
