import { setFlagsFromString } from 'node:v8'

/**
 * Turns V8's optimising compilers off in a process that only supervises: nothing it does is hot, and merely
 * touching them costs 6 MB on Node 22. Not for a process that runs a user's code too. (Workers are not affected.)
 */
export function skipOptimising(): void {
  setFlagsFromString('--no-opt')
  setFlagsFromString('--no-maglev')
}
