import assert from 'node:assert/strict'
import { it } from 'node:test'
import { routesIn } from './routes.ts'

it('the last table that was told counts', () => {
  const told = (...routes: string[]) => ({ event: 'routes', pid: 1, request: 0, routes }) as const
  assert.equal(routesIn([]), undefined)
  assert.deepEqual(routesIn([told('GET /'), told('GET /', 'GET /a')]), ['GET /', 'GET /a'])
})
