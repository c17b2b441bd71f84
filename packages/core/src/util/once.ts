/** Runs `work` at the first call only; later calls get what that gave. */
export function once<TArguments extends unknown[], TResult>(
  work: (...args: TArguments) => TResult,
): (...args: TArguments) => TResult {
  let outcome: { readonly result: TResult } | undefined
  return (...args) => {
    outcome ??= { result: work(...args) }
    return outcome.result
  }
}
