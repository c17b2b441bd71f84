import { sharedSlot } from './shared-state.js'

/** Says that this process is a worker of a supervisor of ours, to all copies of us in it. */
export function markWorker(): void {
  place().isWorker = true
}

/** Is this process a worker of a supervisor of ours? Its environment alone does not make it one. */
export function isWorker(): boolean {
  return place().isWorker
}

function place(): { isWorker: boolean } {
  return sharedSlot('below-supervisor', () => ({ isWorker: false }))
}
