/** A table as docs/benchmarks.md has them. */
export function printTable(head, rows) {
  const text = (cells) => `|${cells.map((cell) => (cell === '' ? ' ' : ` ${cell} `)).join('|')}|`
  console.log([text(head), '|---'.repeat(head.length).concat('|'), ...rows.map(text)].join('\n'))
}

/** Some numbers by their median. */
export function middle(numbers, digits) {
  return at(numbers, 0.5).toFixed(digits)
}

/** By median and range. */
export function middleAndRange(numbers, digits = 2) {
  return withSpan(numbers, 0, 1, digits)
}

/** By median and quartiles: of many, where the outermost say little. */
export function middleAndQuartiles(numbers, digits = 2) {
  return withSpan(numbers, 0.25, 0.75, digits)
}

function withSpan(numbers, from, to, digits) {
  const [least, median, most] = [from, 0.5, to].map((share) => at(numbers, share).toFixed(digits))
  return `${median} (${least} to ${most})`
}

/** Where none of them stands there, in proportion between the two that are next to it. */
function at(numbers, share) {
  const sorted = [...numbers].sort((a, b) => a - b)
  const place = share * (sorted.length - 1)
  const [below, above] = [sorted[Math.floor(place)], sorted[Math.ceil(place)]]
  return below + (above - below) * (place - Math.floor(place))
}
