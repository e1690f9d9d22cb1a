import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import { IdentityMint } from './identity.ts'

const traceId = '4bf92f3577b34da6a3ce929d0e0e4736'
const traceparent = `00-${traceId}-00f067aa0ba902b7-00`
const mint = new IdentityMint(randomBytes)

test('a well-formed request id and traceparent go on, whatever the case of their names', () => {
  const identity = mint.identify(['Host', 'a', 'X-Request-ID', 'abc', 'TraceParent', traceparent])
  assert.deepEqual(identity, {
    requestId: 'abc',
    traceparent,
    traceId,
    keepsTracestate: true,
    asksTrace: false,
  })
})

test('without them they are minted, other ones for every request', () => {
  const [first, second] = [mint.identify(['Host', 'a']), mint.identify([])]
  assert.notEqual(first.requestId, second.requestId)
  assert.notEqual(first.traceId, second.traceId)
  assert.equal(first.traceparent.slice(3, 35), first.traceId)
  assert.equal(first.keepsTracestate, false)
})

test('malformed ones are replaced, and the tracestate of a replaced traceparent is dropped', () => {
  const identity = mint.identify(['x-request-id', 'a b', 'traceparent', `${traceparent}x`])
  assert.notEqual(identity.requestId, 'a b')
  assert.notEqual(identity.traceId, traceId)
  assert.equal(identity.keepsTracestate, false)
})

test('what comes twice is replaced, even when it says the same or one of the two is empty', () => {
  for (const values of [
    ['', ''],
    ['', 'abc'],
    ['abc', ''],
    ['abc', 'abc'],
    ['abc', 'abc', 'abc'],
  ]) {
    const identity = mint.identify(values.flatMap((value) => ['x-request-id', value]))
    assert.match(identity.requestId, /^[0-9a-f]{12}-\d+$/)
  }
  const identity = mint.identify(['traceparent', traceparent, 'Traceparent', traceparent])
  assert.notEqual(identity.traceId, traceId)
  assert.equal(identity.keepsTracestate, false)
})

test('a request asks for its explanation with exactly one x-drover-trace: 1', () => {
  assert.equal(mint.identify(['X-Drover-Trace', '1']).asksTrace, true)
  for (const values of [['0'], [''], ['1', '1'], ['1, 1'], ['true']]) {
    const rawHeaders = values.flatMap((value) => ['x-drover-trace', value])
    assert.equal(mint.identify(rawHeaders).asksTrace, false, String(values))
  }
})

test('traces begun here can ask not to be recorded', () => {
  assert.match(new IdentityMint(randomBytes, false).identify([]).traceparent, /-02$/)
})
