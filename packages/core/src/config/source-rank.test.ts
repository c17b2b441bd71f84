import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { layerFromData } from './layer-from-data.js'
import { layerFromEnvironment, layerFromFlags, layerFromPortVariable } from './layer-from-text.js'
import { sourceRank } from './source-rank.js'

describe('sourceRank', () => {
  it('orders every place as layers are laid over one another', () => {
    const layers = [
      layerFromPortVariable({ PORT: '1' }),
      layerFromData({ port: 1 }, 'file', 'file x.json'),
      layerFromData({ port: 1 }, 'code', 'options in code'),
      layerFromEnvironment({ EKIBEN_PORT: '1' }),
      layerFromFlags({ port: '1' }),
    ]
    const sources = ['default', ...layers.map((layer) => layer.get('port')?.source ?? 'missing')]
    assert.deepEqual(sources.map(sourceRank), [0, 1, 2, 3, 4, 5])
  })
})
