import { createError } from '../errors/service-error.js'
import type { FieldKind, FieldKinds } from '../runner/field-kinds.js'
import { parseJson, parseJsonOrText, refusePoisonField } from './parse-json.js'

/** More fields than this are refused: each costs more to read than its bytes tell. */
export const MAX_FORM_FIELDS = 1000

const LISTS: readonly (FieldKind | undefined)[] = ['files', 'list', 'texts']

/** One field of a form, in the order they came. */
export interface FormEntry {
  readonly name: string
  /** Text, or a file. */
  readonly value: string | Blob
  /** Its text is said to be JSON. */
  readonly isJson?: boolean
}

/**
 * The input that a form holds. Its fields are JSON where they can be, else text; where the schema asks for a string, a
 * text stays one, `5` too. A repeated name makes a list, and where the schema asks for a list a single one does.
 */
export function formInput(entries: readonly FormEntry[], kinds: FieldKinds): Record<string, unknown> {
  const fields = new Map<string, FormEntry[]>()
  for (const entry of entries) {
    const earlier = fields.get(entry.name)
    if (earlier === undefined) fields.set(entry.name, [entry])
    else earlier.push(entry)
  }
  return Object.fromEntries([...fields].map(([name, all]) => [name, fieldValue(all, kinds.get(name))]))
}

function fieldValue(entries: readonly FormEntry[], kind: FieldKind | undefined): unknown {
  const values = entries.map((entry) => {
    const value = decoded(entry, kind, entries.length === 1)
    refusePoisonField(entry.name, value)
    return value
  })
  return joined(values, kind)
}

function decoded({ name, value, isJson }: FormEntry, kind: FieldKind | undefined, isOnly: boolean): unknown {
  if (typeof value !== 'string') return value
  if (kind === 'file' || kind === 'files') {
    const reason = `its field '${name}' must be a file: a part with a file name (a URL is not fetched)`
    throw createError('EKB_ERR_BODY_INVALID', { reason })
  }
  if (isJson === true) return parseJson(value)
  const parsed = parseJsonOrText(value)
  if (typeof parsed === 'string' || (kind !== 'text' && kind !== 'texts')) return parsed
  // One that is alone may hold the whole list.
  return kind === 'texts' && isOnly && Array.isArray(parsed) ? parsed : value
}

function joined(values: readonly unknown[], kind: FieldKind | undefined): unknown {
  const [first] = values
  if (values.length > 1) return values
  return LISTS.includes(kind) && !Array.isArray(first) ? [first] : first
}

/** Is a part with this description a file, by what the schema asks for under its name? */
export function isFilePart(part: PartHead, kind: FieldKind | undefined): boolean {
  if (kind === 'file' || kind === 'files') return part.fileName !== undefined || !part.type.startsWith('text/')
  // Clients that send each object as JSON of its own give it a file name: `blob`.
  if (kind !== undefined && part.type === 'application/json') return false
  return part.fileName !== undefined
}

/** What a part of a multipart body says about itself. */
export interface PartHead {
  readonly fileName: string | undefined
  /** Without parameters; `text/plain` where it says none. */
  readonly type: string
}

/** The last step of a file's name, whatever separators its sender has: never a path. */
export function baseName(fileName: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const name = (/[^\\/]*$/.exec(fileName)?.[0] ?? '').replace(/[\u0000-\u001f\u007f]/g, '')
  return name === '.' || name === '..' ? '' : name
}
