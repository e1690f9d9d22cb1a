import assert from 'node:assert/strict'
import { it } from 'node:test'
import { flowOf } from '../../test/prove/support/flows.ts'
import type { Flow } from './flow/flow.ts'
import { firstRefused, hammered, isOfLimit, restartBeforeRefusal, withAgain } from './hammer.ts'
import type { Observation, Trace } from './trace.ts'

const pathsOf = (flow: Flow | undefined) =>
  flow?.steps.flatMap((step) => (step.kind === 'http' ? [step.path] : []))

/** One instance that answers each step as it says. */
function answers(
  flow: Flow,
  status: (path: string, step: number) => number,
  {
    body = '',
    headers = {},
    durationMs = 1,
  }: Partial<Pick<Observation, 'headers' | 'durationMs'>> & { readonly body?: string } = {},
): Trace {
  const observations = (pathsOf(flow) ?? []).map((path, step) => ({
    step,
    instance: 1,
    status: status(path, step),
    headers,
    body: Buffer.from(body),
    messages: [],
    error: undefined,
    captured: {},
    startedAtMs: 0,
    durationMs,
  }))
  return { mode: 'single', observations }
}

const flow = flowOf(
  'GET /health',
  'POST /login {"name":"ann"}',
  'GET /api/me',
  'POST /logout',
  'DELETE /api/me',
)
const served = answers(flow, () => 200)

it('attempts to log in and safe reads are repeated, the likeliest first; nothing that ends or deletes something', () => {
  const again = pathsOf(hammered(flow, served))?.slice(flow.steps.length) ?? []
  assert.deepEqual([...new Set(again)], ['/login', '/api/me', '/health'])
  const ends = flowOf('DELETE /x', 'GET /logout')
  assert.equal(
    hammered(
      ends,
      answers(ends, () => 200),
    ),
    undefined,
  )
})

const own = flow.steps.length
const asked = hammered(flow, served) ?? flow
const refused = (status: (path: string, step: number) => number, body = '') => {
  const found = firstRefused(asked, own, answers(asked, status, { body }))
  return found && `${found.step.path} ${found.times} ${found.timesAny}`
}

it('the first refusal of what was served before is told, and how much was asked until then', () => {
  assert.equal(
    refused((_, step) => (step < own + 10 ? 200 : 429)),
    '/login 11 11',
  )
  assert.equal(
    refused((path, step) => (path === '/api/me' && step > own + 30 ? 429 : 200)),
    '/api/me 7 32',
  )
  assert.equal(
    refused(() => 200),
    undefined,
  )
})

it('a lock is a refusal where it says so, and what was never served is none', () => {
  const locked = (path: string, step: number) => (path === '/login' && step > 20 ? 423 : 401)
  assert.equal(refused(locked, 'Too many attempts'), '/login 17 17')
  assert.equal(refused(locked, 'Gone'), undefined)
  assert.equal(
    refused(() => 429),
    undefined,
  )
})

it('where the flow itself is refused, or told what is left, it shows its limits already', () => {
  const second = answers(flow, (_, step) => (step === 2 ? 429 : 200))
  assert.equal(hammered(flow, second), undefined)
  const headers = { 'ratelimit-remaining': ['9'] }
  assert.equal(
    hammered(
      flow,
      answers(flow, () => 200, { headers }),
    ),
    undefined,
  )
})

it('what waits, as a stream of events does, is not repeated', () => {
  const paths = (durationMs: number) =>
    new Set(
      pathsOf(
        hammered(
          flow,
          answers(flow, () => 200, { durationMs }),
        ),
      )?.slice(own),
    )
  assert.equal(paths(200).size, 3)
  assert.equal(paths(700).size, 0)
  const headers = { 'content-type': ['text/event-stream'] }
  assert.equal(
    hammered(
      flow,
      answers(flow, () => 200, { headers }),
    ),
    undefined,
  )
})

it('a step stands behind the flow as often as wanted', () => {
  const [step] = flow.steps
  assert.ok(step?.kind === 'http')
  assert.deepEqual(pathsOf(withAgain(flow, step, 2))?.slice(own), ['/health', '/health'])
})

it('restarts are before the repetition and before what is refused', () => {
  const past = flowOf('GET /a', 'GET /b', 'GET /b', 'GET /b', 'GET /b')
  const restarts = restartBeforeRefusal(past, 2).map((place) => place?.restart)
  assert.deepEqual(restarts, [false, false, true, false, true])
})

it('only a wrong status past the own steps tells of a limit', () => {
  const at = (step: number, where: string) => ({ step, where, expected: '429', actual: '200' })
  assert.equal(isOfLimit(at(5, 'status'), 5), true)
  assert.equal(isOfLimit(at(4, 'status'), 5), false)
  assert.equal(isOfLimit(at(6, 'text'), 5), false)
})
