/** What was thrown, in words. Whatever it is, this does not throw: an object without a prototype has no `toString`. */
export function reasonOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown)
  } catch {
    return `a thrown ${typeof thrown} that has no text`
  }
}
