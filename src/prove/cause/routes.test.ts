import assert from 'node:assert/strict'
import { it } from 'node:test'
import { routesIn, undrivenRoutes } from './routes.ts'

it('routes are undriven when no request matches their pattern', () => {
  const routes = [
    'GET /',
    'GET /items/:id',
    'POST /items',
    'GET /files/*',
    'ALL /any',
    'GET /maybe/:id?',
    'GET /n/:id(\\d+)',
  ]
  assert.deepEqual(
    undrivenRoutes(routes, ['GET /?a=1', 'GET /items/7', 'PUT /any', 'GET /maybe', 'GET /n/12']),
    ['POST /items', 'GET /files/*'],
  )
  assert.deepEqual(undrivenRoutes(routes, []), routes)
})

it('the last table that was told counts', () => {
  const told = (...routes: string[]) => ({ event: 'routes', pid: 1, request: 0, routes }) as const
  assert.equal(routesIn([]), undefined)
  assert.deepEqual(routesIn([told('GET /'), told('GET /', 'GET /a')]), ['GET /', 'GET /a'])
})
