import { OPTIONS, type OptionRow } from './options.js'
import { putAssignment, putDependency, putWorkerCount, type TextTarget } from './put-assignment.js'
import { SettingEntries } from './setting-entries.js'
import { fromText } from './setting-errors.js'

/** What the command line gave, by option key, as it was written. */
export type FlagValues = Readonly<Record<string, string | boolean | readonly string[] | undefined>>

/** The process's environment, or a part of it. */
export type Environment = Readonly<Record<string, string | undefined>>

/** What the flags set. */
export function layerFromFlags(flags: FlagValues): SettingEntries {
  const entries = new SettingEntries()
  for (const row of setFirst()) {
    const given = flags[row.key]
    const target = { entries, source: `flag --${row.flag}` }
    if (typeof given === 'boolean') entries.put({ path: [row.key], value: given, source: target.source })
    else if (typeof given === 'string') putText(row, [given], target)
    else if (given !== undefined) putText(row, given, target)
  }
  return entries
}

/** What the EKIBEN_… variables set. An empty variable counts as none; one that we do not know is not ours to judge. */
export function layerFromEnvironment(env: Environment): SettingEntries {
  const entries = new SettingEntries()
  for (const row of setFirst()) {
    const given = env[row.env]
    if (given === undefined || given.trim() === '') continue
    const texts = splitVariable(row, given)
      .map((part) => part.trim())
      .filter((part) => part !== '')
    putText(row, texts, { entries, source: `variable ${row.env}` })
  }
  return entries
}

/** The platform's PORT: below everything that is meant for us, so a value of another kind only counts when used. */
export function layerFromPortVariable(env: Environment): SettingEntries {
  const entries = new SettingEntries()
  const given = env.PORT?.trim()
  const row = OPTIONS.find((option) => option.key === 'port')
  if (given && row) putText(row, [given], { entries, source: 'variable PORT' })
  return entries
}

/** `--port 1 --set port=2` is 1: the flag of its own is the plainer word. */
function setFirst(): OptionRow[] {
  return [...OPTIONS].sort((a, b) => Number(b.key === 'set') - Number(a.key === 'set'))
}

/** The values of an option that may be repeated. */
function splitVariable({ key }: OptionRow, given: string): readonly string[] {
  if (key === 'workers') return given.split(',')
  // A URL may have a comma in it.
  if (key === 'depends') return given.split(/,(?=\s*[A-Za-z][\w.-]*=)/)
  return key === 'set' ? given.split(/[;\n]/) : [given]
}

function putText(row: OptionRow, texts: readonly string[], target: TextTarget): void {
  for (const text of texts) {
    if (row.key === 'set') putAssignment(text, target)
    else if (row.key === 'workers') putWorkerCount(text, target)
    else if (row.key === 'depends') putDependency(text, target)
    else {
      const at = { path: [row.key], source: target.source }
      target.entries.put({ ...at, value: fromText(row.kind, text, at) })
    }
  }
}
