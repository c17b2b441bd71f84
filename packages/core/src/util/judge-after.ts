/** A timer after which somebody is judged: what came from there while we were held up is read after the timers, and heard first. */
export function judgeAfter(timeoutMs: number, judge: () => void): NodeJS.Timeout {
  return setTimeout(() => setImmediate(judge), timeoutMs)
}
