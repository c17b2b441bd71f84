const SHOWN_FAILURES = 5

/** What the scenarios have found: rows of the table, and targets that were met or not. Says each as it comes. */
export class Results {
  rows = []
  targets = []
  skipped = []
  #say

  constructor(say) {
    this.#say = say
  }

  /**
   * `report`: a load's books. `odd`: failures that are looked at more closely, told by when they were after `since`.
   * Failed are all but right answers, unless the row counts something else.
   */
  row({ scenario, server, node, events, report, note = '', failed = report.failed, odd = [], since = 0 }) {
    const slowestMs = report.slowest[0]?.ms
    const parts = [describeOutcomes(report.outcomes), note].filter(Boolean)
    this.rows.push({ scenario, server, node, events, sent: report.sent, failed, slowestMs, note: parts.join('; ') })
    this.#say(
      `   ${scenario}, ${server}, Node ${node}, ${events}: ${failed} of ${report.sent} failed; ${parts.join('; ')}`,
    )
    for (const failure of odd.slice(0, SHOWN_FAILURES)) this.#say(`     ${describeFailure(failure, since)}`)
  }

  /** Something Ekiben must hold; `figure` is what was measured. */
  target(text, met, figure) {
    this.targets.push({ text, met, figure })
    this.#say(`   ${met ? 'met' : 'NOT MET'}: ${text}: ${figure}`)
  }

  skip(text, why) {
    this.skipped.push({ text, why })
  }
}

/** How requests failed, in words; empty: none did. */
function describeOutcomes({ ok: _, ...bad }) {
  return Object.entries(bad)
    .flatMap(([outcome, count]) => (count > 0 ? [`${count} ${outcome}`] : []))
    .join(', ')
}

function describeFailure({ profile, outcome, at, endedAt, pid, detail, status, text }, since) {
  const from = since === 0 ? at : since
  const when = `begun ${Math.round(at - from)} ms, ended ${Math.round(endedAt - from)} ms`
  return [profile, outcome, when, `worker ${pid ?? 'unknown'}`, detail, status, text].filter(Boolean).join(', ')
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
