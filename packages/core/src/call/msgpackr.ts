import type { Packr as PackrClass } from 'msgpackr'

const SWITCH = 'MSGPACKR_NATIVE_ACCELERATION_DISABLED'

/**
 * msgpackr without its native part: looking for that costs each worker 11 ms at its start, and what we send gains
 * nothing by it (docs/decisions/0003). Its documented switch is a variable, which the app's own msgpackr must not see.
 */
function loadWithoutNative(): typeof PackrClass {
  const before = process.env[SWITCH]
  process.env[SWITCH] = 'true'
  try {
    return (require('msgpackr') as typeof import('msgpackr')).Packr
  } finally {
    if (before === undefined) delete process.env[SWITCH]
    else process.env[SWITCH] = before
  }
}

export const Packr: typeof PackrClass = loadWithoutNative()
