import { isServiceError } from '../../errors/service-error.js'
import { type FoundInstance, listInstances } from '../../supervisor/list-instances.js'
import { ANSWER_WITHIN_MS, askInstance, isNotYet } from '../control-client.js'
import type { ShownInstance } from '../format-status.js'
import { print } from '../print.js'
import type { SteeringInput } from '../steering-input.js'

/** `ekiben ps`: shows the instances that run, and their workers. */
export async function ps({ flags, env }: SteeringInput): Promise<number> {
  const { instances } = await listInstances(env)
  const asked = await Promise.all(instances.map(statusOf))
  const shown = asked.filter((status) => status !== undefined)
  if (flags.json === true) {
    print(`${JSON.stringify(shown, null, 2)}\n`)
  } else {
    const { formatStatus } = await import('../format-status.js')
    print(formatStatus(shown, Date.now()))
  }
  return 0
}

/** One that cannot say how it is stands in the list as such; undefined: it has just ended. */
async function statusOf(found: FoundInstance): Promise<ShownInstance | undefined> {
  try {
    return await askInstance<ShownInstance>(found, { method: 'GET', path: '/status', timeoutMs: ANSWER_WITHIN_MS })
  } catch (error) {
    if (isServiceError(error, 'EKB_ERR_INSTANCE_LOST')) return undefined
    const { instance, owner } = found
    const state = stateOf(error)
    return { instance, pid: owner.pid, url: null, state, lastReload: null, services: [] }
  }
}

function stateOf(error: unknown): string {
  if (isNotYet(error)) return 'starting'
  return isServiceError(error, 'EKB_ERR_CONTROL_SKEW') ? 'restart needed' : 'not answering'
}
