// Answers as they are recorded.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readResponse, writeResponse } from './response.ts'

test("writeResponse, readResponse: status, fields in order and bytes come back; cookies and the connection's own do not", () => {
  const body = new Uint8Array([0, 255, 10, 128])
  const kept = [
    ['content-type', 'image/png'],
    ['link', '</a>'],
    ['link', '</b>'],
  ] as const
  const dropped = [
    ['set-cookie', 'sid=1'],
    ['connection', 'close'],
    ['transfer-encoding', 'chunked'],
    ['content-length', '4'],
    ['date', 'today'],
    ['x-drover-instance', '1'],
  ] as const
  const read = readResponse(writeResponse({ status: 201, headers: [...dropped, ...kept], body }))
  assert.deepEqual({ ...read, body: [...(read.body ?? [])] }, { status: 201, headers: kept, body: [...body] })
  const unkept = readResponse(writeResponse({ status: 200, headers: [], body: undefined }))
  assert.equal(unkept.body, undefined)
})

test('readResponse: anything else is an outage and never an answer', () => {
  for (const text of [
    '',
    '{',
    'null',
    '[]',
    '{"status":200}',
    '{"status":"200","headers":[],"body":""}',
    '{"status":200,"headers":{"a":"b"},"body":""}',
    '{"status":200,"headers":[["a",1]],"body":""}',
    '{"status":200,"headers":[],"body":1}',
  ]) {
    assert.throws(() => readResponse(text), { code: 'STORE_UNAVAILABLE' }, text)
  }
})
