const tasks = new Set()
let isEnding = false

/** What must not outlive us, whatever happens: run at the end, last first. Gives back how to forget it. */
export function addCleanup(task) {
  tasks.add(task)
  return () => tasks.delete(task)
}

/** We were told to end: what fails from now on fails because of that. */
export const wasInterrupted = () => isEnding

export async function cleanUp() {
  for (const task of [...tasks].reverse()) {
    tasks.delete(task)
    await task()
  }
}

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
]) {
  process.once(signal, () => {
    isEnding = true
    void cleanUp().finally(() => process.exit(code))
  })
}
