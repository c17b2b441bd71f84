/** What each app of a supervisor finds of ours in its environment. */
const OF_A_WORKER = ['EKIBEN_GENERATION', 'EKIBEN_INSTANCE', 'EKIBEN_SERVICE', 'EKIBEN_SLOT']
const OF_A_TEST = ['EKIBEN_RUNTIME_DIR', 'EKIBEN_TEST_MARK']

/** The names that begin with EKIBEN of an app that a test has run: beside ours those that the test itself was given. */
export function appVariables(): readonly string[] {
  const given = Object.keys(process.env).filter((name) => name.startsWith('EKIBEN'))
  return [...new Set([...given, ...OF_A_WORKER, ...OF_A_TEST])].sort()
}
