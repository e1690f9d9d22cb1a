import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flow, Step } from '../flow/flow.ts'
import { isParted, restartSchedule } from './schedule.ts'

const client = 'a'
const get: Step = {
  kind: 'http',
  client,
  method: 'GET',
  path: '/',
  headers: {},
  body: undefined,
  capture: {},
  expect: { status: undefined, includes: undefined },
  origin: '1',
}
const connect: Step = {
  kind: 'websocket',
  client,
  socket: 's',
  action: { do: 'connect', path: '/', headers: {} },
  origin: '2',
}
const close: Step = { kind: 'websocket', client, socket: 's', action: { do: 'close' }, origin: '3' }

function flowOf(...steps: readonly Step[]): Flow {
  return { clients: [client], steps }
}

test('a restart parts every two requests', () => {
  const schedule = restartSchedule(flowOf(get, get, get))
  assert.equal(isParted(schedule, 0, 1), true)
  assert.equal(isParted(schedule, 1, 2), true)
  assert.equal(isParted(schedule, undefined, 0), false)
})

test('nothing parts the requests made while a WebSocket is open', () => {
  const schedule = restartSchedule(flowOf(get, connect, get, close, get))
  assert.equal(isParted(schedule, 1, 2), false)
  assert.equal(isParted(schedule, 0, 2), true)
  assert.equal(isParted(schedule, 1, 4), true)
})
