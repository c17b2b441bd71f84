import { copyButton, element } from './element.mjs'
import { streamItems } from './stream-items.mjs'

/** More would make the page slow; the rest is counted. */
const SHOWN_ITEMS = 1000

/** Shows one answer after another. `isStream`: the api answers item by item. */
export function answerView(isStream) {
  const status = element('p', { class: 'status', role: 'status' })
  const headers = element('tbody')
  const body = element('div', { class: 'body' })
  const head = element('details', {}, element('summary', {}, 'Headers'), element('table', {}, headers))
  const node = element('div', { hidden: true }, status, head, body)
  let blobUrl
  return { node, show }

  /** Makes a call, and shows its answer as it comes. Never rejects. */
  async function show(call, signal) {
    const startedAt = performance.now()
    const elapsed = () => `${Math.round(performance.now() - startedAt)} ms`
    begin()
    let said = ''
    try {
      const response = await call({ cache: 'no-store' })
      said = `${response.status} ${response.statusText}`.trim()
      say(said, response.ok)
      showHeaders(response)
      const { size, isGood } = await showBody(response, elapsed)
      // A call that was made meanwhile has the view.
      if (!signal.aborted) say([said, elapsed(), size].join(' · '), isGood)
    } catch (error) {
      if (signal.reason === SUPERSEDED) return
      const what = signal.aborted ? 'stopped' : `failed: ${error.message}`
      say([said, what, elapsed()].filter(Boolean).join(' · '), false)
    }
  }

  function begin() {
    node.hidden = false
    head.hidden = true
    body.replaceChildren()
    if (blobUrl !== undefined) URL.revokeObjectURL(blobUrl)
    blobUrl = undefined
    say('Waiting …', true)
  }

  function say(text, isGood) {
    status.textContent = text
    status.className = isGood ? 'status good' : 'status bad'
  }

  function showHeaders(response) {
    head.hidden = false
    const rows = [...response.headers].map(([name, value]) => {
      return element('tr', {}, element('th', { scope: 'row' }, name), element('td', {}, value))
    })
    headers.replaceChildren(...rows)
  }

  /** Says how much there was, and whether it came to a good end. */
  async function showBody(response, elapsed) {
    const type = (response.headers.get('content-type') ?? '').split(';', 1)[0].trim()
    const isText = type.startsWith('text/') || type === 'application/x-ndjson'
    if (isStream && isText && response.ok && response.body !== null)
      return showItems(streamItems(response.body, type), elapsed)
    const blob = await response.blob()
    if (blob.size > 0) body.append(...(await showBlob(blob, type)))
    return { size: `${blob.size} bytes`, isGood: response.ok }
  }

  async function showItems(items, elapsed) {
    const list = element('ol', { class: 'items', 'aria-label': 'Items', 'aria-live': 'polite' })
    body.append(list)
    let count = 0
    let isGood = true
    for await (const { name, text } of items) {
      const isError = name === 'error'
      if (isError) isGood = false
      else count += 1
      const label = isError ? `${elapsed()} error` : elapsed()
      const value = element('pre', { class: isError && 'bad' }, pretty(text, isError ? 2 : 0))
      if (list.childElementCount === SHOWN_ITEMS) list.firstChild.remove()
      list.append(element('li', {}, element('span', { class: 'hint' }, label), value))
    }
    const size = count === 1 ? '1 item' : `${count} items`
    return { size: isGood ? size : `${size}, then an error`, isGood }
  }

  async function showBlob(blob, type) {
    const [kind] = type.split('/')
    if (type === 'application/json' || type.endsWith('+json')) return shownText(pretty(await blob.text(), 2))
    if (kind === 'text') return shownText(await blob.text())
    blobUrl = URL.createObjectURL(blob)
    const link = element('a', { href: blobUrl, download: 'answer' }, `Save (${type || 'no type'})`)
    if (kind === 'image') return [element('img', { src: blobUrl, alt: 'The answer' }), element('p', {}, link)]
    if (kind === 'audio' || kind === 'video') return [element(kind, { src: blobUrl, controls: true }), link]
    return [link]
  }
}

/** Why a call is aborted for which another was made. */
export const SUPERSEDED = 'superseded'

function shownText(text) {
  return [element('pre', { tabindex: 0, 'aria-label': 'Body' }, text), copyButton(() => text, 'Copy')]
}

/** JSON with its lines indented; other text as it is, and numbers that JavaScript would round. */
function pretty(text, indent) {
  try {
    const value = JSON.parse(text)
    return JSON.stringify(value) === text ? JSON.stringify(value, null, indent) : text
  } catch {
    return text
  }
}
