import { element } from './element.mjs'
import { anchorOf, operationView } from './operation-view.mjs'

const apis = document.getElementById('apis')

start().catch((error) => {
  apis.replaceChildren(element('p', { role: 'alert', class: 'bad' }, `This page could not be made: ${error.message}`))
})

async function start() {
  // Relative to the page, wherever a proxy has put it.
  const response = await fetch('docs.json')
  if (!response.ok) throw new Error(`docs.json was answered with ${response.status}`)
  const docs = await response.json()
  document.title = docs.info.title
  document.getElementById('title').textContent = docs.info.title
  document.getElementById('about').replaceChildren(...about(docs))
  const operations = Object.entries(docs.paths).map(([path, { post }]) => ({ path, ...post }))
  document.getElementById('contents').replaceChildren(contents(operations))
  apis.replaceChildren(...operations.map((operation) => operationView(operation, docs)))
  if (operations.length === 0) apis.append(element('p', {}, 'This service has no apis.'))
  // What it names was not there when the browser looked.
  if (location.hash !== '') document.getElementById(decodeURIComponent(location.hash.slice(1)))?.scrollIntoView()
}

function about(docs) {
  const link = element('a', { href: 'docs.json' }, 'docs.json')
  return [`OpenAPI ${docs.openapi}: `, link, `, version ${docs.info.version}`]
}

function contents(operations) {
  const links = operations.map(({ operationId }) => {
    return element('li', {}, element('a', { href: `#${encodeURIComponent(anchorOf(operationId))}` }, operationId))
  })
  return element('ul', {}, ...links)
}
