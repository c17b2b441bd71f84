import { choice, element, labelled } from './element.mjs'
import { multipartFields } from './multipart-fields.mjs'
import { exampleOf } from './schema-example.mjs'

/**
 * The controls for what an api takes, one set for each media type; `accepts` are the types among which its answer can
 * be chosen. `read()` gives headers and body of the request that they describe.
 */
export function inputForm(content, accepts, docs) {
  const types = Object.keys(content)
  const inputs = new Map(types.map((type) => [type, inputOf(type, content[type].schema ?? {}, docs)]))
  const type = choice(types, { change: showInput })
  const accept = choice(accepts)
  const place = element('div')
  showInput()
  const node = element(
    'div',
    {},
    types.length > 1 && labelled('Send as', type),
    place,
    accepts.length > 0 && labelled('Ask for', accept),
  )
  return { node, read }

  function showInput() {
    place.replaceChildren(inputs.get(type.value).node)
  }

  function read() {
    const { body, contentType } = inputs.get(type.value).read()
    return {
      headers: {
        ...(contentType !== undefined && { 'content-type': contentType }),
        ...(accepts.length > 0 && { accept: accept.value }),
      },
      body,
    }
  }
}

function inputOf(type, schema, docs) {
  if (type === 'multipart/form-data') return multipartFields(schema, docs)
  if (type === 'application/json') return textInput(type, 'JSON', JSON.stringify(exampleOf(schema, docs), null, 2))
  if (type.startsWith('text/')) return textInput(type, 'Text', String(exampleOf(schema, docs) ?? ''))
  return fileInput(type)
}

function textInput(contentType, label, text) {
  const rows = Math.min(20, Math.max(3, text.split('\n').length + 1))
  const area = element('textarea', { rows, spellcheck: 'false', autocomplete: 'off' })
  area.value = text
  return { node: labelled(label, area), read: () => ({ contentType, body: area.value }) }
}

function fileInput(type) {
  const input = element('input', { type: 'file', accept: type === 'application/octet-stream' ? false : type })
  return {
    node: labelled('File', input),
    read() {
      const [file] = input.files
      return { contentType: file?.type || 'application/octet-stream', body: file }
    },
  }
}
