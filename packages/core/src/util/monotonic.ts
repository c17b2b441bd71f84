/**
 * Milliseconds on the machine's monotonic clock: it never steps, and every process of the machine reads the
 * same value, so a deadline can travel between them as it is. (`performance.now()` starts at each process.)
 */
export function monotonicMs(): number {
  const [seconds, nanoseconds] = process.hrtime()
  return seconds * 1000 + nanoseconds / 1e6
}
