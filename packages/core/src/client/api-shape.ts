/**
 * What an api answers with. `auto`: its media type says: JSON is parsed, `text/*` is a string, anything else a Blob
 * (a File, where it has a name).
 */
export const ANSWER_KINDS = ['auto', 'json', 'text', 'blob'] as const
export type AnswerKind = (typeof ANSWER_KINDS)[number]

/** What is known of how an api takes its input; nothing: what the value is decides. */
export interface InputShape {
  /** The whole body is a text, or a file: a string is sent as it is, not as JSON. */
  readonly isText?: boolean
  /** The whole body is a file. */
  readonly isFile?: boolean
  /** Names of the fields that are files. */
  readonly files?: ReadonlySet<string>
}

/** What a client knows of an api: of `createClient` little, of `connectClient` what `/schema.json` says. */
export interface ApiShape {
  readonly name: string
  readonly route: string
  readonly input: InputShape
  readonly answer: AnswerKind
  /** Known to be a stream, whatever its media type. */
  readonly isStream: boolean
}

/** An api of which nothing is known but its name. */
export function plainShape(name: string): ApiShape {
  return { name, route: `/${name}`, input: {}, answer: 'auto', isStream: false }
}
