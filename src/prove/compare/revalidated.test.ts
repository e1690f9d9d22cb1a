import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { Flow } from '../flow/flow.ts'
import type { Observation, Trace } from '../trace.ts'
import { compareTraces } from './compare.ts'
import { learnNoise } from './noise.ts'

interface Said {
  readonly status: number
  readonly body?: string
  readonly headers?: Observation['headers']
}

function trace(...said: readonly Said[]): Trace {
  const observations = said.map(({ status, body = '', headers = {} }, step): Observation => ({
    step,
    instance: 1,
    status,
    headers,
    body: Buffer.from(body),
    messages: [],
    error: undefined,
    captured: {},
    startedAtMs: Date.UTC(2026, 4, 1) + step * 1000,
    durationMs: 1,
  }))
  return { mode: 'single', observations }
}

/** The same page each time. */
function flowFor({ observations }: Trace): Flow {
  const steps = observations.map(({ step }) => ({
    kind: 'http' as const,
    client: 'ann',
    method: 'GET',
    path: '/page',
    headers: {},
    body: undefined,
    capture: {},
    expect: { status: undefined, includes: undefined },
    origin: `step ${step + 1}`,
  }))
  return { clients: ['ann'], steps }
}

function differing(reference: Trace, other: Trace, second: Trace = reference): readonly string[] {
  const flow = flowFor(reference)
  const noise = learnNoise([reference, second], flow)
  return compareTraces(flow, reference, other, noise).map(({ step, where }) => `${step + 1} ${where}`)
}

const html = { 'content-type': ['text/html'] }
const page: Said = { status: 200, body: 'Fog until noon', headers: html }
const unchanged: Said = { status: 304, headers: { etag: ['"a"'] } }

it('an instance with a validator of its own sends the same again: no difference', () => {
  assert.deepEqual(differing(trace(page, unchanged), trace(page, page)), [])
  assert.deepEqual(differing(trace(page, page), trace(page, unchanged)), [])
  assert.deepEqual(differing(trace(page, unchanged, unchanged), trace(page, page, unchanged)), [])
})

it('other content than the one that was confirmed is a difference', () => {
  const stale = { ...page, body: 'Sun until noon' }
  assert.deepEqual(differing(trace(page, unchanged), trace(page, stale)), ['2 text'])
  assert.deepEqual(differing(trace(page, stale), trace(page, unchanged)), ['2 text'])
})

it('what sends the whole page now and then leaves its steps to be compared', () => {
  const [one, two] = [trace(page, unchanged), trace(page, page)]
  assert.deepEqual(differing(one, trace(page, { status: 200, body: 'Rain', headers: html }), two), ['2 text'])
})

it('a 304 that confirms nothing is a status like another', () => {
  assert.deepEqual(differing(trace(unchanged), trace(page)), ['1 status'])
  assert.deepEqual(differing(trace(page, unchanged), trace(page, { status: 500 })), ['2 status'])
})
