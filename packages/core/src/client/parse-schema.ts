import type { AnswerKind, ApiShape, InputShape } from './api-shape.js'

type Json = { readonly [key: string]: unknown }

/** The apis that `/schema.json` lists, of Ekiben or BentoML, by name; undefined: it is no such document. */
export function parseSchema(document: unknown): ReadonlyMap<string, ApiShape> | undefined {
  if (!isObject(document) || !Array.isArray(document.routes)) return undefined
  const shapes = new Map<string, ApiShape>()
  for (const item of document.routes as unknown[]) {
    if (!isObject(item) || typeof item.name !== 'string' || typeof item.route !== 'string') return undefined
    const output = isObject(item.output) ? item.output : {}
    shapes.set(item.name, {
      name: item.name,
      route: item.route.startsWith('/') ? item.route : `/${item.route}`,
      input: isObject(item.input) ? inputShape(item.input) : {},
      answer: answerKind(output),
      isStream: output.is_stream === true,
    })
  }
  return shapes
}

function inputShape(input: Json): InputShape {
  // The whole body is the one argument.
  if (input.root_input === true) return { isText: input.type === 'string' || isFile(input), isFile: isFile(input) }
  const properties = isObject(input.properties) ? Object.entries(input.properties) : []
  return { files: new Set(properties.filter(([, property]) => holdsFiles(property)).map(([name]) => name)) }
}

function answerKind(output: Json): AnswerKind {
  // Null comes as JSON.
  if (output.nullable === true) return 'auto'
  if (isFile(output)) return 'blob'
  // The items of a stream are asked for one by one, whatever they are.
  if (output.is_stream === true) return 'auto'
  return output.type === 'string' ? 'text' : 'auto'
}

/** A file, a list of files, or one of either that may be absent. */
function holdsFiles(schema: unknown): boolean {
  if (!isObject(schema)) return false
  if (isFile(schema)) return true
  if (schema.type === 'array') return holdsFiles(schema.items)
  const choices = schema.anyOf ?? schema.oneOf
  return Array.isArray(choices) && choices.some(holdsFiles)
}

function isFile({ type, format }: Json): boolean {
  return type === 'file' || (type === 'string' && format === 'binary')
}

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
