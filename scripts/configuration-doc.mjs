/**
 * Writes the table of options in docs/configuration.md from the one in packages/core/src/config/options.ts, and leaves
 * the rest of the file alone. `--check`: writes nothing, and fails where the table is not as it would be written.
 * `npm run build` comes first.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { ROOT } from './run-command.mjs'

const { OPTIONS, OPTION_TAKERS } = createRequire(import.meta.url)('../packages/core/build/config/options.js')

const FILE = join(ROOT, 'docs', 'configuration.md')
const BEGIN = '<!-- The table is made by scripts/configuration-doc.mjs. -->'
const END = '<!-- The end of what is made. -->'
const HEAD = ['flag', 'variable', 'in code and file', 'value', 'default', 'what it does', 'not for']

const text = readFileSync(FILE, 'utf8')
const made = withTable(text, table([HEAD, HEAD.map(() => '---'), ...OPTIONS.map(cells)]))
if (!process.argv.includes('--check')) {
  writeFileSync(FILE, made)
} else if (made !== text) {
  process.stderr.write(
    'docs/configuration.md is not as the table of options is: run node scripts/configuration-doc.mjs\n',
  )
  process.exitCode = 1
} else {
  process.stdout.write(`${OPTIONS.length} options: docs/configuration.md is as their table is\n`)
}

function cells(row) {
  // A secret has none.
  const flag = row.secret === true ? '–' : `\`--${row.flag}${row.value === undefined ? '' : ` ${row.value}`}\``
  const flags = [row.short === undefined ? flag : `${flag}, \`-${row.short}\``]
  if (row.secret !== true && row.value === undefined && row.default !== false) flags.push(`\`--no-${row.flag}\``)
  if (row.repeatable) flags.push('repeatable')
  return [flags.join(', '), `\`${row.env}\``, inCode(row), unit(row), defaults(row), row.description, notFor(row)]
}

function inCode({ key, msKey, places }) {
  if (places.length === 0) return '–'
  const names = [key, msKey].filter((name) => name !== undefined).map((name) => `\`${name}\``)
  return places.includes('file') ? names.join(', ') : `${names.join(', ')} (code only)`
}

function unit({ kind, msKey }) {
  return msKey === undefined ? kind.type : `${kind.type}; \`${msKey}\`: milliseconds`
}

function defaults({ defaultText, defaultOf = {} }) {
  const takersOf = (text) => Object.keys(defaultOf).filter((taker) => defaultOf[taker] === text)
  const words = (text) => `${takersOf(text).map(quoted).join(', ')}: ${text}`
  return [defaultText, ...[...new Set(Object.values(defaultOf))].map(words)].join('; ')
}

function quoted(name) {
  return `\`${name}\``
}

function notFor({ takenBy = OPTION_TAKERS, noFlagOf = [] }) {
  const others = OPTION_TAKERS.filter((taker) => !takenBy.includes(taker)).map((taker) => `\`${taker}\``)
  return [...others, ...noFlagOf.map((taker) => `\`${taker}\`, as a flag`)].join(', ') || '–'
}

function table(rows) {
  return rows.map((row) => `| ${row.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`).join('\n')
}

function withTable(whole, lines) {
  const [before, rest, ...more] = whole.split(`${BEGIN}\n`)
  const [, after] = rest?.split(END) ?? []
  if (after === undefined || more.length > 0) throw new Error(`${FILE} has not the lines around its table, each once`)
  return `${before}${BEGIN}\n\n${lines}\n\n${END}${after}`
}
