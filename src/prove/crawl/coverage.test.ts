import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flow, HttpStep } from '../flow/flow.ts'
import type { Observation, Trace } from '../trace.ts'
import { coverageOf } from './coverage.ts'

const step = (method: string, path: string): HttpStep => ({
  kind: 'http',
  client: 'visitor',
  origin: path,
  method,
  path,
  headers: {},
  body: undefined,
  capture: {},
  expect: { status: undefined, includes: undefined },
})
const flow: Flow = {
  clients: ['visitor'],
  steps: [
    step('GET', '/'),
    step('GET', '/users/me'),
    step('GET', '/users/17?full=1'),
    step('GET', '/orders/${id}'),
    step('POST', '/orders'),
    { kind: 'wait', waitMs: 5, origin: '' },
    step('GET', '${location}'),
    step('GET', '/files/a/b/c.txt'),
  ],
}

test('without the framework’s routes, ids are folded, and what was missed is not known', () => {
  assert.deepEqual(coverageOf(flow, undefined), {
    driven: [
      'GET ${location}',
      'GET /',
      'GET /files/a/b/c.txt',
      'GET /orders/:id',
      'GET /users/:id',
      'GET /users/me',
      'POST /orders',
    ],
    undriven: undefined,
  })
})

test('with them, each step counts for the pattern with the fewest parameters, and the rest is told', () => {
  const known = [
    'GET /users/:id',
    'GET /users/me',
    'ALL /orders/:id?',
    'DELETE /orders/:id',
    '/',
    'GET /files/*',
    'GET /pets/{petId}',
  ]
  assert.deepEqual(coverageOf(flow, known), {
    driven: [
      'ALL /orders/:id?',
      'GET ${location}',
      'GET /',
      'GET /files/*',
      'GET /users/:id',
      'GET /users/me',
    ],
    undriven: ['DELETE /orders/:id', 'GET /pets/{petId}'],
  })
})

test('of a run, only what got an answer counts, and captured paths are known', () => {
  const seen = (index: number, status: number, captured = {}): Observation => ({
    step: index,
    instance: 1,
    status,
    headers: {},
    body: Buffer.alloc(0),
    messages: [],
    error: undefined,
    captured,
    startedAtMs: 0,
    durationMs: 0,
  })
  const trace: Trace = {
    mode: 'single',
    observations: [seen(0, 0), seen(4, 302, { location: 'http://localhost:3000/orders/18' }), seen(6, 200)],
  }
  const known = ['GET /orders/:id', 'POST /orders', 'GET /']
  assert.deepEqual(coverageOf(flow, known, trace), {
    driven: ['GET /orders/:id', 'POST /orders'],
    undriven: ['GET /'],
  })
})

test('routes are undriven when no request matches their pattern', () => {
  const routes = [
    'GET /',
    'GET /items/:id',
    'POST /items',
    'GET /files/*',
    'ALL /any',
    'GET /maybe/:id?',
    'GET /n/:id(\\d+)',
  ]
  const undriven = (...steps: readonly HttpStep[]) =>
    coverageOf({ clients: ['visitor'], steps }, routes).undriven
  assert.deepEqual(
    undriven(
      step('GET', '/?a=1'),
      step('GET', '/items/7'),
      step('PUT', '/any'),
      step('GET', '/maybe'),
      step('GET', '/n/12'),
    ),
    ['GET /files/*', 'POST /items'],
  )
  assert.deepEqual(undriven(), routes.toSorted())
})
