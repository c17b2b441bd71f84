/** What the scenarios have found: rows of the table, and targets that were met or not. */
export class Results {
  rows = []
  targets = []
  skipped = []

  /** `report`: a load's books. `slowestMs` is the slowest right answer. */
  row({ scenario, server, node, events, report, note = '' }) {
    const { sent, failed } = report
    this.rows.push({ scenario, server, node, events, sent, failed, slowestMs: report.slowest[0]?.ms, note })
  }

  /** Something Ekiben must hold; `figure` is what was measured. */
  target(text, met, figure) {
    this.targets.push({ text, met, figure })
  }

  skip(text, why) {
    this.skipped.push({ text, why })
  }
}

/** How requests failed, in words. */
export function describeFailures({ outcomes, failed }) {
  if (failed === 0) return ''
  const { ok, ...bad } = outcomes
  const parts = Object.entries(bad).flatMap(([outcome, count]) => (count > 0 ? [`${count} ${outcome}`] : []))
  return parts.join(', ')
}

/** The table and the targets, as Markdown. */
export function formatResults({ rows, targets, skipped }) {
  const table = [
    ['scenario', 'server', 'Node', 'what was done', 'requests', 'failed', 'slowest', ''],
    ...rows.map((row) => [
      row.scenario,
      row.server,
      row.node,
      row.events,
      String(row.sent),
      String(row.failed),
      row.slowestMs === undefined ? '–' : `${Math.round(row.slowestMs)} ms`,
      row.note,
    ]),
  ]
  const held = [
    ['target', 'met', 'measured'],
    ...targets.map(({ text, met, figure }) => [text, met ? 'yes' : '**no**', figure]),
    ...skipped.map(({ text, why }) => [text, '–', why]),
  ]
  return `${markdown(table)}\n\n${markdown(held)}\n`
}

function markdown([head, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
