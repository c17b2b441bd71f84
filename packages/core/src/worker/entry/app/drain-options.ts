import type { DrainOptions } from '../../../http/host-drain.js'
import type { DrainMessage } from '../../../ipc/protocol.js'

/** How a worker is to leave. */
export type Farewell = Pick<DrainMessage, 'timeoutMs' | 'keepAliveDrainMs'>

/** The same for its servers. */
export function drainOptions({ timeoutMs, keepAliveDrainMs }: Farewell): DrainOptions {
  return { keepAliveDrainMs: keepAliveDrainMs ?? Number.POSITIVE_INFINITY, deadlineMs: timeoutMs }
}
