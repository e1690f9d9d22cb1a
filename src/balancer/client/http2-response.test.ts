import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ResponseHead } from '../upstream/response-reader.ts'
import {
  canSend,
  http2InformationFields,
  http2ResponseFields,
  http2TrailerFields,
  isBodiless,
  mayHaveTrailers,
} from './http2-response.ts'

function head(status: number, rawHeaders: readonly string[]): ResponseHead {
  return { status, reason: '', rawHeaders, keepAlive: true }
}

test('http2ResponseFields drops what belongs to a connection and adds our own', () => {
  const raw = ['Connection', 'close, X-Hop', 'X-Hop', '1', 'Transfer-Encoding', 'chunked', 'TE', 'trailers']
  raw.push(
    'Keep-Alive',
    '5',
    'Upgrade',
    'h2c',
    'HTTP2-Settings',
    'x',
    'ETag',
    '"a"',
    'Set-Cookie',
    'a',
    'Set-Cookie',
    'b',
  )
  assert.deepEqual(http2ResponseFields(head(200, raw), ['x-drover-instance', '1']), [
    ':status',
    '200',
    'ETag',
    '"a"',
    'Set-Cookie',
    'a',
    'Set-Cookie',
    'b',
    'x-drover-instance',
    '1',
  ])
})

test('http2ResponseFields tells a length where a body could be, also to HEAD', () => {
  assert.ok(http2ResponseFields(head(200, ['Content-Length', '3']), []).includes('Content-Length'))
  assert.ok(http2ResponseFields(head(304, ['Content-Length', '3']), []).includes('Content-Length'))
  assert.ok(!http2ResponseFields(head(204, ['Content-Length', '0']), []).includes('Content-Length'))
})

test('http2InformationFields and http2TrailerFields keep what comes twice', () => {
  assert.deepEqual(http2InformationFields(head(103, ['Link', 'a', 'link', 'b', 'Content-Length', '1'])), {
    ':status': '103',
    link: ['a', 'b'],
  })
  assert.deepEqual(http2TrailerFields(['X-A', '1', 'x-a', '2', 'Transfer-Encoding', 'chunked', 'TE', 'x']), {
    'x-a': ['1', '2'],
  })
})

test('isBodiless, canSend and mayHaveTrailers know the exceptions', () => {
  assert.ok(isBodiless('HEAD', 200) && isBodiless('GET', 204) && isBodiless('GET', 304))
  assert.ok(!isBodiless('GET', 200))
  assert.deepEqual([199, 200, 599, 600].map(canSend), [false, true, true, false])
  assert.ok(mayHaveTrailers(head(200, ['Transfer-Encoding', 'chunked'])))
  assert.ok(!mayHaveTrailers(head(200, ['Content-Length', '3'])))
})
