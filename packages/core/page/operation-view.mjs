import { answerView, SUPERSEDED } from './answer-view.mjs'
import { curlCommand } from './curl-command.mjs'
import { copyButton, element } from './element.mjs'
import { inputForm } from './input-form.mjs'
import { schemaView } from './schema-view.mjs'

/** The id of an api's part of the page. */
export function anchorOf(operationId) {
  return `api-${operationId}`
}

/** One api: what it takes and answers, and a form that calls it. */
export function operationView(operation, docs) {
  const { path, operationId, description, deprecated, requestBody, responses } = operation
  const answers = responses['200'].content
  const isStream = operation['x-ekiben-stream'] === true
  const accepts = isStream ? Object.keys(answers) : []
  const form = inputForm(requestBody.content, accepts.length > 1 ? accepts : [], docs)
  const answer = answerView(isStream)
  const command = element('pre', { tabindex: 0, 'aria-label': 'The call as a curl command' })
  const call = element('button', { type: 'submit' }, 'Call')
  const stop = element(
    'button',
    { type: 'button', class: 'plain', disabled: true, click: () => running?.abort() },
    'Stop',
  )
  const whole = element(
    'form',
    { submit, input: showCommand, change: showCommand, keydown: submitByKey, 'aria-label': `Call ${operationId}` },
    form.node,
    element('p', {}, call, stop, element('span', { class: 'note' }, 'or Ctrl+Enter')),
    element(
      'details',
      {},
      element('summary', {}, 'curl'),
      command,
      copyButton(() => command.textContent, 'Copy'),
    ),
  )
  let running
  showCommand()
  return element(
    'section',
    { class: deprecated ? 'api deprecated' : 'api', id: anchorOf(operationId), 'aria-label': operationId },
    heading(),
    element('div', { class: 'sides' }, element('div', {}, element('h3', {}, 'Input'), ...inputs(), whole), outputs()),
  )

  function heading() {
    const badges = [
      deprecated && 'deprecated',
      isStream && 'stream',
      operation['x-ekiben-idempotent'] && 'idempotent',
    ].filter(Boolean)
    return element(
      'header',
      {},
      element('h2', {}, operationId, ' ', element('code', {}, `POST ${path}`)),
      description !== undefined && element('p', {}, description),
      ...badges.map((badge) => element('span', { class: 'badge' }, badge)),
    )
  }

  function inputs() {
    return schemasOf(requestBody.content, 'What it takes')
  }

  function outputs() {
    return element('div', {}, element('h3', {}, 'Answer'), ...schemasOf(answers, 'What it answers'), answer.node)
  }

  /** One view for all media types that have the same schema. */
  function schemasOf(content, label) {
    const types = new Map()
    for (const [type, { schema, 'x-ekiben-item': item }] of Object.entries(content)) {
      const key = JSON.stringify(item ?? schema ?? {})
      types.set(key, [...(types.get(key) ?? []), type])
    }
    return [...types].map(([key, names]) => {
      const summary = element('summary', {}, `${label}: `, element('span', { class: 'type' }, names.join(', ')))
      return element('details', {}, summary, schemaView(JSON.parse(key), docs))
    })
  }

  function request() {
    // Relative to the page, wherever a proxy has put it.
    return { url: new URL(`.${path}`, document.baseURI).href, ...form.read() }
  }

  function showCommand() {
    command.textContent = curlCommand(request(), isStream)
  }

  function submitByKey(event) {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) whole.requestSubmit()
  }

  async function submit(event) {
    event.preventDefault()
    running?.abort(SUPERSEDED)
    const own = new AbortController()
    running = own
    stop.disabled = false
    const { url, headers, body } = request()
    const init = { method: 'POST', headers, body, signal: own.signal }
    await answer.show((options) => fetch(url, { ...init, ...options }), own.signal)
    if (running !== own) return
    running = undefined
    stop.disabled = true
  }
}
