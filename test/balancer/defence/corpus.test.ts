// Requests that two servers could read in two ways, and their honest neighbours. What is ambiguous is refused and its
// connection closed; what is forwarded reaches the instance in one narrow form.
import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { startBalancer, type TestBalancer } from '../support/balancer.ts'
import type { Case, Wanted } from './corpus/case.ts'
import { chunkCases } from './corpus/chunks.ts'
import { fieldCases } from './corpus/fields.ts'
import { framingCases } from './corpus/framing.ts'
import { requestLineCases } from './corpus/request-lines.ts'
import { Conversation } from './support/conversation.ts'
import { only, readForwarded } from './support/forwarded-reader.ts'
import { startRecording, type RecordingInstance, type SeenRequest } from './support/recording-instance.ts'

/** Hidden behind what is to be refused. */
const smuggled = 'GET /smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
/** Behind what is to be forwarded: that it is answered shows that both sides agreed where the case ended. */
const sentinel = 'GET /last HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n'
const sentinelSeen: Wanted = { line: 'GET /last' }

interface Outcome {
  /** The statuses of the answers, informations left out. */
  readonly statuses: readonly number[]
  readonly seen: readonly SeenRequest[]
  readonly raw: string
}

async function converse(balancer: TestBalancer, bytes: string, pieces: number): Promise<Outcome> {
  const instance = await startRecording()
  balancer.balancer.setUpstreams([instance.upstream])
  try {
    const client = await Conversation.open(balancer.port)
    if (pieces === 1) client.say(bytes)
    else await client.sayInPieces(bytes, pieces)
    const received = await client.end()
    await balancer.quiet()
    return { statuses: statusesOf(received), ...readRecording(instance) }
  } finally {
    await instance.close()
  }
}

function statusesOf(received: string): number[] {
  const statuses = Array.from(received.matchAll(/HTTP\/1\.1 (\d{3})/g), ([, status]) => Number(status))
  return statuses.filter((status) => status >= 200)
}

/** Node's parser and the narrow reader must agree on every request, or the narrow reader throws. */
function readRecording(instance: RecordingInstance): Pick<Outcome, 'seen' | 'raw'> {
  const seen = instance.raw().flatMap(readForwarded)
  assert.deepEqual(seen, instance.seen())
  assert.deepEqual(instance.faults(), [])
  return { seen, raw: instance.raw().join('') }
}

function assertRefused({ statuses, seen, raw }: Outcome, allowed: readonly number[]): void {
  assert.deepEqual(seen, [], 'no instance has seen a whole request')
  assert.equal(raw.includes('/smuggled'), false, 'no instance has seen what was hidden')
  assert.equal(statuses.length, 1, `one answer, not ${statuses.join(', ')}`)
  assert.ok(allowed.includes(statuses[0] ?? 0), `${statuses[0]} instead of ${allowed.join(' or ')}`)
}

function assertForwarded({ statuses, seen }: Outcome, wanted: readonly Wanted[]): void {
  const views = seen.map(({ method, target, host, body, rawTrailers }) => {
    return { line: `${method} ${target}`, host, body, trailers: rawTrailers }
  })
  const wantedViews = wanted.map(({ line, host = 'a', body = '', trailers = [] }) => {
    return { line, host, body, trailers }
  })
  assert.deepEqual(views, wantedViews)
  for (const [index, { fields = {} }] of wanted.entries()) {
    const { rawHeaders = [] } = seen[index] ?? {}
    const given = Object.fromEntries(Object.keys(fields).map((name) => [name, only(rawHeaders, name)]))
    assert.deepEqual(given, fields)
  }
  assert.deepEqual(
    statuses,
    wanted.map(() => 200),
  )
}

function assertExpected(outcome: Outcome, { expected }: Case): void {
  switch (expected.type) {
    case 'refused':
      assertRefused(outcome, expected.statuses)
      break
    case 'forwarded':
      assertForwarded(outcome, expected.isLast ? expected.wanted : [...expected.wanted, sentinelSeen])
      break
    case 'either':
      if (outcome.seen.length === 0) assertRefused(outcome, expected.statuses)
      else assertForwarded(outcome, [...expected.wanted, sentinelSeen])
  }
}

function describe({ name, expected }: Case): string {
  switch (expected.type) {
    case 'refused':
      return `${name}: refused with ${expected.statuses.join(' or ')}`
    case 'forwarded':
      return `${name}: forwarded${expected.isLast ? ', and nothing behind it' : ''}`
    case 'either':
      return `${name}: refused, or forwarded in one way`
  }
}

/** Large cases are cut into fewer pieces. */
const mostPieces = 120

async function runCases(t: TestContext, cases: readonly Case[]): Promise<void> {
  const balancer = await startBalancer(t)
  for (const one of cases) {
    const bytes = one.bytes + (one.expected.type === 'refused' ? smuggled : sentinel)
    await t.test(describe(one), async () => {
      assertExpected(await converse(balancer, bytes, 1), one)
      const inPieces = await converse(balancer, bytes, mostPieces)
      assertExpected(inPieces, one)
    })
  }
}

test('where a body ends', (t) => runCases(t, framingCases))
test('chunks', (t) => runCases(t, chunkCases))
test('request lines and hosts', (t) => runCases(t, requestLineCases))
test('header fields', (t) => runCases(t, fieldCases))

const token = /[!#$%&'*+\-.^_`|~\dA-Za-z]/
const places: Record<string, { at: (byte: string) => string; isFine: (byte: string) => boolean }> = {
  'a field name': {
    at: (byte) => `GET /a HTTP/1.1\r\nHost: a\r\nX${byte}A: b\r\n\r\n`,
    // A colon ends the name early and is no fault.
    isFine: (byte) => token.test(byte) || byte === ':',
  },
  'a field value': {
    at: (byte) => `GET /a HTTP/1.1\r\nHost: a\r\nX-A: b${byte}c\r\n\r\n`,
    isFine: (byte) => /[\t\x20-\x7e\x80-\xff]/.test(byte),
  },
  'a target': {
    at: (byte) => `GET /a${byte}b HTTP/1.1\r\nHost: a\r\n\r\n`,
    isFine: (byte) => /[!-~]/.test(byte) && byte !== '#',
  },
  'a method': {
    at: (byte) => `G${byte}T /a HTTP/1.1\r\nHost: a\r\n\r\n`,
    isFine: (byte) => byte === 'E',
  },
  'a host': {
    at: (byte) => `GET /a HTTP/1.1\r\nHost: a${byte}b\r\n\r\n`,
    isFine: (byte) => /[A-Za-z\d._~!$&'()*+;=%-]/.test(byte),
  },
}

for (const [place, { at, isFine }] of Object.entries(places)) {
  test(`of all 256 bytes, only those that belong there pass in ${place}`, async (t) => {
    const balancer = await startBalancer(t)
    const wrong: string[] = []
    for (let code = 0; code < 256; code++) {
      const byte = String.fromCharCode(code)
      const { seen, statuses } = await converse(balancer, at(byte) + sentinel, 1)
      const passed = seen.length === 2 && statuses.length === 2
      const refused = seen.length === 0 && statuses.length === 1 && [400, 501].includes(statuses[0] ?? 0)
      if (isFine(byte) ? !passed : !refused) wrong.push(`${JSON.stringify(byte)} ${statuses.join(' ')}`)
    }
    assert.deepEqual(wrong, [])
  })
}
