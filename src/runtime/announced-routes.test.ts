import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { AnnouncedRoute } from '../base/instance-telemetry.ts'
import { commonRoutes } from './announced-routes.ts'

function route(path: string, methods = ['POST', 'PATCH'], mint = false): AnnouncedRoute {
  return { path, methods, mint }
}

test('routes that every instance announces hold, in the order of the first', () => {
  const routes = [route('/pay', ['POST'], true), route('/orders*')]
  assert.deepEqual(commonRoutes([routes, routes.toReversed()]), routes)
  assert.deepEqual(commonRoutes([routes]), routes)
})

test('one instance that does not announce a route or a method takes it from all', () => {
  const all = [route('/orders'), route('/cart')]
  assert.deepEqual(commonRoutes([all, [route('/orders', ['POST'])]]), [route('/orders', ['POST'])])
  assert.deepEqual(commonRoutes([all, []]), [])
  assert.deepEqual(commonRoutes([]), [])
})

test('a prefix on one instance does not license a path of another', () => {
  assert.deepEqual(commonRoutes([[route('/api/*')], [route('/api/orders')]]), [])
})

test('keys are minted only where every instance says so, by its first word on it', () => {
  const minted = [route('/orders', ['POST'], true)]
  assert.deepEqual(commonRoutes([minted, [route('/orders', ['POST'])]]), [route('/orders', ['POST'])])
  const twice = [route('/orders', ['POST']), ...minted]
  assert.deepEqual(commonRoutes([minted, twice]), [route('/orders', ['POST'])])
})
