import { OPTIONS } from '../../packages/core/src/config/options.js'

/** Options as they are given in code, as flags. */
export function flagsOf(options: object): string[] {
  return Object.entries(options).flatMap(([key, value]) => {
    const { flag } = rowOf(key)
    if (typeof value === 'boolean') return [value ? `--${flag}` : `--no-${flag}`]
    return [`--${flag}`, textOf(value)]
  })
}

/** The same as variables. */
export function variablesOf(options: object): Record<string, string> {
  return Object.fromEntries(Object.entries(options).map(([key, value]) => [rowOf(key).env, textOf(value)]))
}

function rowOf(key: string) {
  const row = OPTIONS.find((option) => option.key === key)
  if (row === undefined) throw new Error(`there is no option ${key}`)
  return row
}

function textOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return String(value)
  return Array.isArray(value)
    ? value.join(',')
    : Object.entries(value)
        .map((pair) => pair.join('='))
        .join(',')
}
