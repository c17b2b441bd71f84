import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { seededRandom } from '../../../../test/helpers/seeded-random.js'
import { isServiceError } from '../errors/service-error.js'
import { topoLevels } from './topo-levels.js'

interface Node {
  readonly name: string
  readonly dependencies: readonly { readonly service: string }[]
}

const node = (name: string, ...dependencies: string[]): Node => ({
  name,
  dependencies: dependencies.map((service) => ({ service })),
})

/** A random graph without cycles: each service depends only on later numbers; the order is shuffled. */
function randomGraph(random: () => number): Node[] {
  const size = 1 + Math.floor(random() * 30)
  const density = random()
  const nodes = Array.from({ length: size }, (_, index) => {
    const later = Array.from({ length: size - index - 1 }, (__, offset) => `S${index + 1 + offset}`)
    return node(`S${index}`, ...later.filter(() => random() < density))
  })
  return nodes.sort(() => random() - 0.5)
}

describe('topoLevels', () => {
  it('levels a diamond', () => {
    const nodes = [
      node('Leaf'),
      node('Left', 'Leaf'),
      node('Right', 'Leaf', 'Leaf'),
      node('Root', 'Left', 'Right', 'Leaf'),
    ]
    assert.deepEqual(Object.fromEntries(topoLevels(nodes)), { Leaf: 0, Left: 1, Right: 1, Root: 2 })
  })

  it('has no levels for no services', () => assert.equal(topoLevels([]).size, 0))

  it('puts every service exactly one above its highest dependency, in any graph', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const nodes = randomGraph(seededRandom(seed))
      const levels = topoLevels(nodes)
      assert.equal(levels.size, nodes.length, `seed ${seed}`)
      for (const { name, dependencies } of nodes) {
        const highest = Math.max(-1, ...dependencies.map(({ service }) => levels.get(service) as number))
        assert.equal(levels.get(name), highest + 1, `seed ${seed}, ${name}`)
      }
    }
  })

  it('names the cycle of a broken graph', () => {
    const nodes = [node('Root', 'A'), node('A', 'B'), node('B', 'A'), node('Leaf')]
    assert.throws(
      () => topoLevels(nodes),
      (error) => isServiceError(error, 'EKB_ERR_GRAPH_CYCLE') && error.message.endsWith('A -> B -> A'),
    )
  })

  it('names a dependency that is missing', () => {
    assert.throws(
      () => topoLevels([node('Root', 'Ghost')]),
      (error) =>
        isServiceError(error, 'EKB_ERR_GRAPH_DEPENDENCY_UNKNOWN') && /'Ghost', which is not/.test(error.message),
    )
  })

  it('levels a graph of 20,000 services in one line', () => {
    const nodes = Array.from({ length: 20_000 }, (_, index) =>
      index === 0 ? node('S0') : node(`S${index}`, `S${index - 1}`),
    )
    assert.equal(topoLevels(nodes).get('S19999'), 19_999)
  })
})
