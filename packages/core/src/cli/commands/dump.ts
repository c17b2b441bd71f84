import type { DumpAnswer } from '../../control/control-protocol.js'
import { askInstance, firstStatus } from '../control-client.js'
import { parseWorker } from '../parse-target.js'
import { print } from '../print.js'
import { findInstance, type SteeringInput } from '../steering-input.js'

/** `ekiben dump SERVICE/SLOT`: has the worker's state written to a file of the instance, and prints its path. */
export async function dump(input: SteeringInput): Promise<number> {
  const body = parseWorker(input.target ?? '')
  const found = await findInstance(input)
  await firstStatus(found)
  const { path } = await askInstance<DumpAnswer>(found, { method: 'POST', path: '/dump', body })
  print(`${path}\n`)
  return 0
}
