import type { StartMessage } from '../../ipc/protocol.js'

/** After how many calls a worker asks to be recycled, drawn once; `random` in [0, 1). 0: never. */
export function chooseCallLimit({ maxRequests, maxRequestsJitter }: StartMessage['recycling'], random: number): number {
  return maxRequests === 0 ? 0 : maxRequests + Math.floor(random * (maxRequestsJitter + 1))
}
