import assert from 'node:assert/strict'
import { test } from 'node:test'
import { responseFields, writeUpgradeHead } from './response-head.ts'
import type { ResponseHead } from '../upstream/response-reader.ts'

function head(rawHeaders: readonly string[], reason = ''): ResponseHead {
  return { status: 200, reason, rawHeaders, keepAlive: true }
}

test('responseFields keeps end-to-end fields, their spelling, order and duplicates', () => {
  const raw = [
    'Set-Cookie',
    'a=1',
    'content-length',
    '3',
    'set-cookie',
    'b=2',
    'X-Name',
    'Caf\xe9',
    'Trailer',
    'A',
  ]
  assert.deepEqual(responseFields(head(raw)), raw)
})

test('responseFields drops what belongs to one hop and what Connection names', () => {
  const raw = [
    'Connection',
    'close, X-Hop',
    'Keep-Alive',
    'timeout=5',
    'X-Hop',
    '1',
    'Transfer-Encoding',
    'chunked',
  ]
  raw.push('Upgrade', 'h2c', 'Proxy-Connection', 'close', 'ETag', '"a"')
  assert.deepEqual(responseFields(head(raw)), ['ETag', '"a"'])
})

test('responseFields keeps length and cookies though Connection names them', () => {
  const raw = ['Connection', 'content-length, set-cookie', 'Content-Length', '3', 'Set-Cookie', 'a=1']
  assert.deepEqual(responseFields(head(raw)), raw.slice(2))
})

test('responseFields names the instance only when it may, and never in the word of the app', () => {
  const raw = ['X-Drover-Instance', 'forged', 'x_drover_instance', 'kept: a response reaches no CGI gateway']
  assert.deepEqual(responseFields(head(raw)), raw.slice(2))
  assert.deepEqual(responseFields(head(raw), ['x-drover-instance', '2']), [
    ...raw.slice(2),
    'x-drover-instance',
    '2',
  ])
})

test('writeUpgradeHead writes a 101 with the fields of the handshake', () => {
  const raw = ['Upgrade', 'websocket', 'Connection', 'Upgrade', 'Sec-WebSocket-Accept', 'abc=']
  assert.equal(
    writeUpgradeHead(head(raw), ['x-drover-instance', '1']),
    'HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: abc=\r\nx-drover-instance: 1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  )
  assert.ok(writeUpgradeHead(head([], 'Go on'), []).startsWith('HTTP/1.1 101 Go on\r\n'))
})
