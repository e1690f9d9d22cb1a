import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DroverError } from '../base/errors.ts'
import { failureAnswer, parseRequest, type ControlRequest } from './routes.ts'

const requests: readonly (readonly [line: string, asked: ControlRequest])[] = [
  ['GET /status', { ask: 'status' }],
  ['GET /status?pretty', { ask: 'status' }],
  ['GET /metrics', { ask: 'metrics' }],
  ['POST /reload', { ask: 'reload', balancers: false }],
  ['POST /reload?balancers', { ask: 'reload', balancers: true }],
  ['GET /reload', { ask: 'unknown', status: 405 }],
  ['POST /stop', { ask: 'stop' }],
  ['POST /instances/2/kill', { ask: 'kill', id: '2' }],
  ['POST /instances/a%2Fb/kill', { ask: 'kill', id: 'a/b' }],
  ['POST /instances/%/kill', { ask: 'unknown', status: 404 }],
  ['POST /instances//kill', { ask: 'unknown', status: 404 }],
  ['GET /instances/2/kill', { ask: 'unknown', status: 405 }],
  ['GET /stop', { ask: 'unknown', status: 405 }],
  ['POST /status', { ask: 'unknown', status: 405 }],
  ['POST /deploy', { ask: 'deploy' }],
  ['GET /deploy', { ask: 'unknown', status: 405 }],
  ['POST /deploy/abort', { ask: 'abort' }],
  ['POST /rollback', { ask: 'rollback' }],
  ['GET /history', { ask: 'history' }],
  ['POST /scale', { ask: 'scale' }],
  ['POST /instances/2/drain', { ask: 'drain', id: '2' }],
  ['POST /instances/2/eat', { ask: 'unknown', status: 404 }],
  ['GET /logs?lines=5&follow', { ask: 'logs', query: new URLSearchParams('lines=5&follow') }],
  ['GET /constructor', { ask: 'unknown', status: 404 }],
  ['GET /', { ask: 'unknown', status: 404 }],
]

for (const [line, asked] of requests) {
  test(`parseRequest reads ${line}`, () => {
    const [method = '', url = ''] = line.split(' ')
    assert.deepEqual(parseRequest(method, url), asked)
  })
}

test('failureAnswer keeps the code of our errors and hides the kind of others', () => {
  assert.deepEqual(failureAnswer(new DroverError('INSTANCE_UNKNOWN', 'Cannot kill "9"')), {
    status: 404,
    body: { error: { code: 'INSTANCE_UNKNOWN', message: 'Cannot kill "9"' } },
  })
  assert.equal(failureAnswer(new DroverError('INSTANCE_NOT_RUNNING', 'x')).status, 409)
  assert.equal(failureAnswer(new DroverError('OPTION_INVALID', 'x')).status, 400)
  assert.deepEqual(failureAnswer(new Error('broken')), {
    status: 500,
    body: { error: { code: 'CONTROL_FAILED', message: 'broken' } },
  })
  assert.equal(failureAnswer('text').body.error.message, 'text')
})
