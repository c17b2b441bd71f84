import { askInstance, firstStatus } from '../control-client.js'
import { parseScale } from '../parse-target.js'
import { print } from '../print.js'
import { findInstance, type SteeringInput } from '../steering-input.js'

/** `ekiben scale SERVICE=N`: resolves when so many workers are ready and the rest are gone. */
export async function scale(input: SteeringInput): Promise<number> {
  const body = parseScale(input.target ?? '')
  const found = await findInstance(input)
  await firstStatus(found)
  await askInstance(found, { method: 'POST', path: '/scale', body })
  print(`${body.service} has ${body.workers} ${body.workers === 1 ? 'worker' : 'workers'}\n`)
  return 0
}
