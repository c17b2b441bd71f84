import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { formatGraph } from './format-graph.js'
import type { GraphNode, ServiceGraph } from './service-graph.js'

function node(name: string, fields: Partial<GraphNode> = {}): GraphNode {
  return {
    name,
    apis: [{ name: 'run', route: '/run', idempotent: false, stream: false }],
    dependencies: [],
    remotes: [],
    settings: {},
    schemaHash: '0',
    constructorParameters: 0,
    deploys: false,
    ...fields,
  }
}

const edge = (property: string, service: string, optional = false) => ({ property, service, optional })

describe('formatGraph', () => {
  it('prints a shared service once and names it from then on', () => {
    const graph: ServiceGraph = {
      entry: 'Root',
      elsewhere: [],
      nodes: [
        node('Embedder', { settings: { workers: 2 } }),
        node('Language', { settings: { workers: 'cpu' }, dependencies: [edge('embedder', 'Embedder')], apis: [] }),
        node('Root', {
          dependencies: [edge('embedder', 'Embedder'), edge('language', 'Language', true)],
          remotes: [
            { property: 'ocr', url: 'https://user:secret@ocr.example.com/x', optional: false },
            { property: 'far', url: 'http://far', optional: true, service: 'Far' },
          ],
          apis: [
            { name: 'classify', route: '/classify', idempotent: false, stream: false },
            { name: 'watch', route: '/v1/watch', idempotent: false, stream: true },
          ],
        }),
      ],
    }
    assert.equal(
      formatGraph(graph, { Root: 4 }),
      [
        'Root  4 workers; apis: classify, watch* (/v1/watch)',
        '├─ embedder: Embedder  2 workers; apis: run',
        '├─ language: Language (optional)  one worker per core; apis: none',
        '│  └─ embedder: Embedder (shown above)',
        '├─ ocr: https://***@ocr.example.com/x (elsewhere)',
        '└─ far: Far at http://far (elsewhere, optional)',
        '',
      ].join('\n'),
    )
  })

  it('prints a tree deeper than the call stack', () => {
    const nodes = Array.from({ length: 5_000 }, (_, index) =>
      node(`S${index}`, { dependencies: index === 0 ? [] : [edge('next', `S${index - 1}`)] }),
    )
    assert.equal(formatGraph({ entry: 'S4999', nodes, elsewhere: [] }).split('\n').length, 5_001)
  })
})
