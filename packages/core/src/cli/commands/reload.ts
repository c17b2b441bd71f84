import type { ReloadOutcome } from '../../supervisor/server.js'
import { askInstance, firstStatus } from '../control-client.js'
import { print } from '../print.js'
import { findInstance, type SteeringInput } from '../steering-input.js'

/** `ekiben reload`: replaces every worker by one of the new code; throws unless all of them were. */
export async function reload(input: SteeringInput): Promise<number> {
  const found = await findInstance(input)
  await firstStatus(found)
  const { from, to } = await askInstance<ReloadOutcome>(found, { method: 'POST', path: '/reload' })
  print(`${found.instance} reloaded: generation ${from.generation} -> ${to.generation} (${to.workingDir})\n`)
  return 0
}
