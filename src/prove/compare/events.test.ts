import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Flow } from '../flow/flow.ts'
import { withListening } from '../listening.ts'
import type { Observation, StreamEvent, Trace } from '../trace.ts'
import { compareTraces } from './compare.ts'
import { shapeOf } from './events.ts'
import { learnNoise } from './noise.ts'

const http = (client: string, method: string, path: string): Flow['steps'][number] => ({
  kind: 'http',
  client,
  method,
  path,
  origin: `${method} ${path}`,
  headers: {},
  body: undefined,
  capture: {},
  expect: { status: undefined, includes: undefined },
})
const flow: Flow = {
  clients: ['ann', 'bob'],
  steps: [http('ann', 'GET', '/events'), http('bob', 'POST', '/say'), http('bob', 'POST', '/say')],
}

/** What came on the stream, as `step text`; `0 …` is its greeting. */
function trace(...came: readonly string[]): Trace {
  const events = came.map((written): StreamEvent => {
    const [, step = '', text = ''] = /^(\d) (.*)$/.exec(written) ?? []
    return { text, after: Number(step), isGreeting: step === '0', atMs: Date.UTC(2026, 10, 28) }
  })
  const observations = flow.steps.map((_, step): Observation => ({
    step,
    instance: 1,
    status: 200,
    headers: { 'content-type': [step === 0 ? 'text/event-stream' : 'text/plain'] },
    body: Buffer.from(step === 0 ? came.filter((one) => one.startsWith('0')).join() : 'said'),
    messages: [],
    error: undefined,
    captured: {},
    startedAtMs: 0,
    durationMs: 0,
  }))
  return { mode: 'single', observations, streams: [{ step: 0, events }] }
}

/** Differences of the last from what the others, on one instance each, give out. */
function differences(alone: readonly (readonly string[])[], other: readonly string[]): readonly string[] {
  const [first, ...more] = alone.map((came) => trace(...came))
  assert.ok(first !== undefined)
  const listened = withListening(flow, flow.steps.length, first)
  assert.ok(listened !== undefined)
  const noise = learnNoise([listened.reference, ...more], listened.flow)
  const theirs = trace(...other)
  const last = { ...listened.reference.observations.at(-1) } as Observation
  const heard = { ...theirs, observations: [...theirs.observations, last] }
  return compareTraces(listened.flow, listened.reference, heard, noise).map(
    ({ step, where, expected, actual }) => `${step} ${where}: ${expected} | ${actual}`,
  )
}

test('what a step makes every listener hear is missed where it does not come, whenever it comes', () => {
  const alone = ['0 hello', '1 said one', '2 said two']
  assert.deepEqual(differences([alone, alone], alone), [])
  assert.deepEqual(differences([alone, alone], ['0 hello', '2 said two', '2 said one']), [])
  assert.deepEqual(differences([alone, alone], ['0 hello', '1 said one']), [
    '3 event 2: said two | (nothing)',
  ])
})

test('ids and times may differ as they do on one instance alone; numbers that are the same there may not', () => {
  const alone = (id: string): readonly string[] => ['1 {"id":"' + id + '","count":1}', '2 now 3 of 4']
  const two = [alone('k3x9q1'), alone('p0z8r2')]
  assert.deepEqual(differences(two, alone('m5c7t4')), [])
  assert.deepEqual(differences(two, ['1 {"id":"m5c7t4","count":1}', '2 now 1 of 4']), [
    '3 event 2: now 3 of 4 | now 1 of 4',
  ])
})

test('what the clock sends is never missed: beats, and all of a sort that comes after other steps each time', () => {
  const first = ['0 hello', '1 tick', '1 {"type":"ping"}', '1 price 5', '2 price 6']
  const second = ['0 hello', '1 tick', '1 {"type":"ping"}', '1 price 5', '1 price 6', '2 price 7']
  assert.deepEqual(differences([first, second], ['0 hello']), [])
})

test('a greeting that is the same each time is part of the answer; what else came as the stream was opened is not', () => {
  const alone = ['0 3 items', '1 said']
  assert.deepEqual(differences([alone, alone], ['0 2 items', '1 said']), ['0 event 1: 3 items | 2 items'])
  assert.deepEqual(differences([alone, ['0 3 items', '0 price 4', '1 said']], ['0 3 items', '1 said']), [])
})

test('a shape leaves words and short numbers of names, and takes what is drawn or counted', () => {
  assert.equal(shapeOf('user 12 in room v2, id 9f8e7d6c5b4a'), 'user # in room v2, id #')
  assert.equal(shapeOf('{"at":1.5,"of":"0f8fad5b-d9cb-469f-a165-70867728950e"}'), '{"at":#,"of":"#"}')
})
