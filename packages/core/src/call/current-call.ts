import { AsyncLocalStorage } from 'node:async_hooks'
import type { CallRequest } from '../runner/call-request.js'

const storage = new AsyncLocalStorage<CallRequest>()

/** Runs `run` as part of `request`: calls it makes inherit its deadline, cancellation and ids. */
export function runInCall<T>(request: CallRequest, run: () => T): T {
  return storage.run(request, run)
}

/** The call being served here, if any. */
export function currentCall(): CallRequest | undefined {
  return storage.getStore()
}
