import assert from 'node:assert/strict'
import { it } from 'node:test'
import { failedSteps, flowFailure, restartPauses } from './baseline.ts'
import type { Flow, Step } from './flow/flow.ts'
import type { Trace } from './trace.ts'

const step = (path: string, expect: { status?: number; includes?: string } = {}): Step => ({
  kind: 'http',
  client: 'ann',
  method: 'GET',
  path,
  headers: {},
  body: undefined,
  capture: {},
  expect: { status: expect.status, includes: expect.includes },
  origin: `flow.yaml:${path.length}`,
})

type Answer = readonly [status: number, body?: string, captured?: Record<string, string>]

function answers(...said: readonly Answer[]): Trace {
  const observations = said.map(([status, body = '', captured = {}], index) => ({
    step: index,
    instance: 1,
    status,
    headers: {},
    body: Buffer.from(body),
    messages: [],
    error: status === 0 ? 'ECONNRESET' : undefined,
    captured,
    startedAtMs: 0,
    durationMs: 1,
  }))
  return { mode: 'single', observations }
}

const flowOf = (...steps: readonly Step[]): Flow => ({ clients: ['ann'], steps })

it('a flow fails that is not answered, or not as it says', () => {
  const says = (expected: Step, answer: Answer) => flowFailure(flowOf(expected), 1, answers(answer))
  assert.match(says(step('/'), [0]) ?? '', /step 1, GET \/ \(flow.yaml:1\), got no answer \(ECONNRESET\)/)
  assert.match(says(step('/', { status: 201 }), [200]) ?? '', /answered 200, not 201/)
  assert.match(says(step('/', { includes: 'ann' }), [200, 'bob']) ?? '', /answered without "ann"/)
  assert.equal(says(step('/'), [404]), undefined)
})

it('what an answer must include may have been captured before', () => {
  const flow = flowOf(step('/'), step('/a', { includes: 'by ${name}' }))
  assert.equal(flowFailure(flow, 2, answers([200, '', { name: 'ann' }], [200, 'made by ann'])), undefined)
  assert.match(
    flowFailure(flow, 2, answers([200, '', { name: 'ann' }], [200, 'by'])) ?? '',
    /without "by ann"/,
  )
})

it('a page that is broken by itself is told, and the rest judged', () => {
  const flow = flowOf(step('/'), step('/a'), step('/b'), step('/broken'), step('/broken'))
  const trace = answers([200], [200], [200], [500], [500])
  assert.equal(flowFailure(flow, 4, trace), undefined)
  assert.deepEqual(failedSteps(flow, 4, trace), [
    'step 4, GET /broken (flow.yaml:7), answered 500 on one instance',
  ])
  assert.match(flowFailure(flow, 2, answers([500], [200])) ?? '', /answered 500/)
})

it('one instance alone pauses as restarts did, and beyond a second before a step where a number differs', () => {
  const { mode, observations } = answers([200], [200], [200], [200])
  const startedAtMs = [1000, 1041, 9000, 9201]
  const run = {
    mode,
    observations: observations.map((one, index) => Object.assign(one, { startedAtMs: startedAtMs[index] })),
  }
  const differing = (at: number, expected: string, actual: string) => {
    return { step: at, where: 'body age', expected, actual }
  }
  const pauses = (...differences: readonly Parameters<typeof differing>[]) => [
    ...restartPauses(
      run,
      differences.map((one) => differing(...one)),
    ).values(),
  ]
  assert.deepEqual(pauses(), [40, 3000, 200])
  assert.deepEqual(pauses([1, '0', '12'], [2, '0', '1'], [3, '"a 1"', '"b 1"']), [1100, 3000, 200])
})
