/**
 * What a run came to, in words, and as counts: an operation passes when none of its answers was wrong, and so does the
 * server when it said nothing of an error, gave no 500 and stopped as it was told.
 */
export function formatFigures(report, { byStatus, slowestMs, errors, exitCode }) {
  const { operations, failures } = report
  const failing = new Set(failures.flatMap((failure) => failure.operations))
  const faults = [
    ...errors.map((line) => `in its log: ${line}`),
    ...[...byStatus.keys()].filter((status) => status >= 500).map((status) => `it answered with ${status}`),
    ...(exitCode === 0 ? [] : [`it ended with ${exitCode}`]),
  ]
  const statuses = [...byStatus].sort(([a], [b]) => a - b).map(([status, count]) => `${status}: ${count}`)
  const requests = [...byStatus.values()].reduce((sum, count) => sum + count, 0)
  const unreached = operations.total - operations.tested + report.errors.length
  const rows = [
    ['tool', `schemathesis ${report.schemathesis_version}, seed ${report.seed}, ${Math.round(report.running_time)} s`],
    ['operations', `${operations.tested} of ${operations.total}`],
    ['requests', `${requests} (${statuses.join(', ')})`],
    ['slowest answer', `${Math.round(slowestMs)} ms`],
    ['wrong answers', failures.map(({ title, count }) => `${title}: ${count}`).join(', ') || 'none'],
    ['faults of the server', faults.join('; ') || 'none'],
  ]
  return {
    text: rows.map(([name, value]) => `${name.padEnd(22)}${value}`).join('\n'),
    passed: operations.tested - failing.size + (faults.length === 0 ? 1 : 0),
    failed: failing.size + unreached + (faults.length === 0 ? 0 : 1),
  }
}
