/** With a value of its own in the next argument. */
const WITH_VALUE = /^(-e|--eval|-p|--print|-pe)$/
/** What the supervisor's own process was told to run, or how: a worker runs its own file, and once. */
const NOT_HANDED_ON =
  /^(--inspect|--eval=|--print=|--test|--watch|--run|--prof|--cpu-prof|--heap-prof|-i$|--interactive$|-c$|--check$)/

/**
 * The flags of Node that a worker takes over from the supervisor's process, such as `--import` and `--conditions`.
 * Handing on `--eval` would have each worker run the program that started it.
 */
export function workerExecArgv(execArgv: readonly string[]): readonly string[] {
  return execArgv.filter((argument, index) => {
    const before = execArgv[index - 1] ?? ''
    if (WITH_VALUE.test(before)) return false
    // What is no flag is the value of the one before it.
    const flag = argument.startsWith('-') ? argument : before
    return !WITH_VALUE.test(flag) && !NOT_HANDED_ON.test(flag)
  })
}
