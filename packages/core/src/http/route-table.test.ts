import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { defineService } from '../service/define-service.js'
import { definitionOf } from '../service/registry.js'
import { pathOf, RouteTable } from './route-table.js'

const definition = definitionOf(
  defineService(
    class Routed {
      classify() {}
      probe() {}
      spaced() {}
    },
    {
      apis: { classify: { bodyLimit: 10 }, probe: { route: '/readyz' }, spaced: { route: '/größe' } },
    },
  ),
)
assert.ok(definition)
const routes = new RouteTable(definition)

describe('RouteTable', () => {
  for (const target of ['/classify', '/classify?x=1', '/classify#x', 'http://host:1/classify?x', '/%63lassify']) {
    test(`finds ${target}`, () => {
      const route = routes.match('POST', target)
      assert.ok(route.type === 'api')
      assert.deepEqual([route.path, route.bodyLimitBytes, route.input], ['/classify', 10, 'any'])
    })
  }

  test('finds a route that is percent-encoded on the way', () => {
    assert.equal(routes.match('POST', '/gr%C3%B6%C3%9Fe').path, '/größe')
  })

  test('lets an api share the path of a probe: the method tells them apart', () => {
    assert.equal(routes.match('POST', '/readyz').type, 'api')
    assert.equal(routes.match('GET', '/readyz').type, 'system')
    assert.throws(() => routes.match('PUT', '/readyz'), { detail: { allow: ['GET', 'HEAD', 'POST'] } })
  })

  const refused: readonly [method: string, target: string, code: string][] = [
    ['GET', '/classify', 'EKB_ERR_METHOD_NOT_ALLOWED'],
    ['OPTIONS', '/livez', 'EKB_ERR_METHOD_NOT_ALLOWED'],
    ['POST', '/Classify', 'EKB_ERR_ROUTE_NOT_FOUND'],
    ['POST', '/classify/', 'EKB_ERR_ROUTE_NOT_FOUND'],
    ['POST', '/', 'EKB_ERR_METHOD_NOT_ALLOWED'],
    ['POST', '/%zz', 'EKB_ERR_ROUTE_NOT_FOUND'],
    ['OPTIONS', '*', 'EKB_ERR_ROUTE_NOT_FOUND'],
    ['GET', '/constructor', 'EKB_ERR_ROUTE_NOT_FOUND'],
    ['POST', '/classify/submit', 'EKB_ERR_TASK_UNSUPPORTED'],
    ['GET', '/classify/status?task_id=1', 'EKB_ERR_TASK_UNSUPPORTED'],
    ['GET', '/other/status', 'EKB_ERR_ROUTE_NOT_FOUND'],
  ]
  for (const [method, target, code] of refused) {
    test(`refuses ${method} ${target}`, () => assert.throws(() => routes.match(method, target), { code }))
  }
})

test('pathOf never throws', () => {
  assert.deepEqual(['/a%', '?x', 'http://h', '', '*'].map(pathOf), ['/a%', '/', '/', '/', '*'])
})
