import assert from 'node:assert/strict'
import { Ajv2020 } from 'ajv/dist/2020.js'

interface Content {
  readonly [mediaType: string]: { readonly schema?: object }
}

interface Response {
  readonly $ref?: string
  readonly headers?: Readonly<Record<string, object>>
  readonly content?: Content
}

export interface Operation {
  readonly operationId: string
  readonly requestBody: { readonly required: boolean; readonly content: Content }
  readonly responses: Readonly<Record<string, Response>>
  readonly 'x-ekiben-stream'?: boolean
}

export interface OpenapiDocument {
  readonly openapi: string
  readonly paths: Readonly<Record<string, { readonly post: Operation }>>
  readonly components: { readonly schemas: Readonly<Record<string, object>> }
}

/** Where a reference of the document leads. */
export function follow(document: OpenapiDocument, ref: string): unknown {
  assert.match(ref, /^#\//)
  const steps = ref.slice(2).split('/')
  const unescaped = (step: string) => step.replaceAll('~1', '/').replaceAll('~0', '~')
  return steps.reduce<unknown>(
    (node, step) => (node as Record<string, unknown> | undefined)?.[unescaped(step)],
    document,
  )
}

/** Every reference in the document. */
export function referencesOf(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return []
  return Object.entries(node).flatMap(([key, child]) =>
    key === '$ref' && typeof child === 'string' ? [child] : referencesOf(child),
  )
}

/** Throws unless the value is what the schema, a part of the document, says. */
export function assertValid(document: OpenapiDocument, schema: object, value: unknown): void {
  const ajv = new Ajv2020({ strict: false, validateFormats: false })
  const isValid = ajv.validate({ ...schema, components: document.components }, value)
  assert.ok(isValid, `${JSON.stringify(value)} is not valid: ${ajv.errorsText()}`)
}

/**
 * Throws unless the document foresees such an answer of the api at this path: status, headers, type and body. `asked`:
 * the type that it must have, of those that the document has.
 */
export async function assertForeseen(
  document: OpenapiDocument,
  path: string,
  answer: globalThis.Response,
  asked?: string,
): Promise<void> {
  const responses = document.paths[path]?.post.responses ?? {}
  const listed = responses[answer.status] ?? responses[`${String(answer.status).charAt(0)}XX`]
  assert.ok(listed, `${path} answered ${answer.status}, which is not in the document`)
  const { headers = {}, content = {} } = (
    listed.$ref === undefined ? listed : follow(document, listed.$ref)
  ) as Response
  for (const name of Object.keys(headers)) assert.ok(answer.headers.has(name), `${path}: no header ${name}`)
  const type = answer.headers.get('content-type')?.split(';', 1)[0] ?? ''
  if (asked?.includes('*') === false) assert.equal(type, asked, path)
  const known = content[type] ?? content['*/*']
  assert.ok(known, `${path} answered ${type}; the document has ${Object.keys(content).join(', ')}`)
  const text = await answer.text()
  const isFile = (known.schema as { readonly format?: string } | undefined)?.format === 'binary'
  if (known.schema === undefined || isFile) return
  assertValid(document, known.schema, type === 'application/json' ? JSON.parse(text) : text)
}
