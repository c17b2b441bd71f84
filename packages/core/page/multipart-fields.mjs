import { element, labelled } from './element.mjs'
import { exampleOf, resolveSchema } from './schema-example.mjs'

/** A control for each field of a form: files are chosen, text is typed, all else is JSON. */
export function multipartFields(schema, docs) {
  const { properties = {}, required = [] } = resolveSchema(schema, docs)
  const fields = Object.entries(properties).map(([name, property]) => {
    return fieldOf(name, resolveSchema(property, docs), { isRequired: required.includes(name), docs })
  })
  return {
    node: element('div', {}, ...fields.map(({ node }) => node)),
    read() {
      const body = new FormData()
      for (const field of fields) for (const value of field.values()) body.append(field.name, value)
      // Its content type has a boundary that only the browser knows.
      return { contentType: undefined, body }
    },
  }
}

function fieldOf(name, schema, { isRequired, docs }) {
  const items = schema.type === 'array' ? resolveSchema(schema.items ?? {}, docs) : undefined
  const label = isRequired ? `${name} (required)` : name
  if (isFile(schema)) return fileField(name, label, { schema, multiple: false })
  if (items !== undefined && isFile(items)) return fileField(name, label, { schema: items, multiple: true })
  const example = exampleOf(schema, docs)
  if (schema.type === 'string') {
    const input = element('input', { type: 'text', autocomplete: 'off' })
    input.value = isRequired ? example : ''
    const values = () => (input.value === '' && !isRequired ? [] : [asText(input.value)])
    return { name, node: labelled(label, input, schema.description), values }
  }
  const area = element('textarea', { rows: 2, spellcheck: 'false', autocomplete: 'off' })
  area.value = isRequired ? JSON.stringify(example) : ''
  const values = () => (area.value.trim() === '' ? [] : [area.value])
  return { name, node: labelled(`${label}, as JSON`, area, schema.description), values }
}

function fileField(name, label, { schema, multiple }) {
  const types = [schema, ...(schema.anyOf ?? [])].map((each) => each.contentMediaType).filter(Boolean)
  const accept = types.filter((type) => type !== 'application/octet-stream').join(',')
  const input = element('input', { type: 'file', multiple, accept: accept !== '' && accept })
  return { name, node: labelled(label, input, schema.description), values: () => [...input.files] }
}

/** As it is, but for what would be read as JSON: a text in quotes. */
function asText(text) {
  return /^\s*"/.test(text) ? JSON.stringify(text) : text
}

function isFile({ type, format }) {
  return type === 'string' && format === 'binary'
}
