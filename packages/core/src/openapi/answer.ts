import { jsonSchemaOf } from '../runner/schema-kind.js'
import type { ApiDefinition, JsonSchema } from '../service/service-definition.js'
import { REQUEST_ID } from './error-answers.js'
import { mapValues } from './map-schema.js'
import type { SchemaSink } from './schema-components.js'
import { componentName, sourceOf, valueKind } from './schema-parts.js'
import type { SchemaSource } from './schema-source.js'

/** By media type. */
type Content<T = object> = Readonly<Record<string, T>>

const STREAM = 'One item after another, as they are made; the header accept chooses how'

/** The answer of an api that has done what it was asked for. */
export function answer(api: ApiDefinition, components: SchemaSink): object {
  const json = api.output === undefined ? undefined : jsonSchemaOf(api.output, 'output')
  const source = json === undefined ? undefined : sourceOf(json)
  const schema = source === undefined ? undefined : components.add(componentName(api, 'Output'), source)
  const content = api.stream ? streamContent(api, source, schema) : plainContent(api, source, schema)
  return { description: api.stream ? STREAM : 'The result', headers: REQUEST_ID, content }
}

/** Text and bytes are sent as they are, anything else as JSON. */
function plainContent(api: ApiDefinition, source: SchemaSource | undefined, schema: JsonSchema | undefined): Content {
  if (source === undefined) {
    // Said by its author: nothing but this type comes out.
    if (api.mediaType !== undefined) return { [essence(api.mediaType)]: {} }
    return { 'application/json': {}, 'text/plain': { schema: { type: 'string' } } }
  }
  const { root } = source
  const kind = valueKind(source)
  if (kind === 'bytes') return { [essence(api.mediaType ?? mediaTypeOf(root) ?? '*/*')]: { schema } }
  const text = { [essence(api.mediaType ?? 'text/plain')]: { schema } }
  if (root.type === 'string') return text
  const json = { 'application/json': { schema } }
  return kind === 'text' ? { ...json, ...text } : json
}

/** OpenAPI 3.1 has no words for the items of a stream: what one is, is said beside. */
function streamContent(api: ApiDefinition, source: SchemaSource | undefined, schema: JsonSchema | undefined): Content {
  const own = api.mediaType === undefined ? undefined : essence(api.mediaType)
  const kind = source === undefined ? 'text' : valueKind(source)
  if (kind === 'bytes') return { [own ?? 'application/octet-stream']: { schema } }
  const item = schema === undefined ? {} : { 'x-ekiben-item': schema }
  const framed = mapValues(FRAMED, (description) => ({ schema: { type: 'string', description }, ...item }))
  // Said by its author: the client has no choice.
  if (own !== undefined && own in framed) return { [own]: framed[own] as object }
  // Without anything between them only texts are sent, and bytes.
  return { ...framed, ...(kind === 'text' && { [own ?? 'text/plain']: { schema: { type: 'string' }, ...item } }) }
}

/** Forms of a stream that tell its items apart, and an error from its end. */
const FRAMED: Content<string> = {
  'text/event-stream': 'An event for each item; one named error, with the body of an error, if it fails on the way',
  'application/x-ndjson': 'A line of JSON for each item; the body of an error as the last line if it fails on the way',
}

function mediaTypeOf({ contentMediaType }: JsonSchema): string | undefined {
  const isNamed = typeof contentMediaType === 'string' && contentMediaType !== 'application/octet-stream'
  return isNamed ? contentMediaType : undefined
}

/** `text/csv` of `text/csv; charset=utf-8`. */
function essence(mediaType: string): string {
  return (mediaType.split(';', 1)[0] as string).trim().toLowerCase()
}
