import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attemptOf, recordOf } from '../../../test/balancer/support/record.ts'
import { explain, mayExplain } from './trace.ts'

test('tells a client on loopback only, as IPv4, IPv6, or one in the other', () => {
  for (const address of ['127.0.0.1', '127.255.0.9', '::1', '::ffff:127.0.0.1', '::FFFF:127.1.2.3'])
    assert.equal(mayExplain(address, []), true, address)
  for (const address of [
    '',
    'unknown',
    '10.0.0.1',
    '128.0.0.1',
    '1.127.0.0.1',
    '127.0.0.1.example.com',
    '127.0.0',
    '::ffff:10.0.0.1',
    '::2',
    'fe80::1',
    'localhost',
  ])
    assert.equal(mayExplain(address, []), false, address)
})

test('tells nothing to a proxy on loopback, which speaks for somebody else', () => {
  for (const name of ['X-Forwarded-For', 'forwarded', 'Via', 'X-Real-IP'])
    assert.equal(mayExplain('127.0.0.1', ['Host', 'a', name, '127.0.0.1']), false, name)
  assert.equal(mayExplain('127.0.0.1', ['Host', 'via', 'Accept', 'x-forwarded-for']), true)
})

test('tells the wait and every attempt with its instance, outcome, progress, time and reason', () => {
  const failed = attemptOf({
    outcome: 'failed',
    progress: 'not-sent',
    endedMs: 1_002.5,
    why: 'connect ECONNREFUSED; repeated',
  })
  const underWay = attemptOf({ instance: '2', startedMs: 1_003, endedMs: 0, progress: 'responded' })
  const record = recordOf({ queueMs: 0.256, attempts: [failed, underWay] })
  assert.equal(
    explain(record, 1_010),
    'request;id="abc-1";queue=0.26, ' +
      'attempt;instance="1";outcome=failed;progress=not-sent;ms=1.50;why="connect ECONNREFUSED; repeated", ' +
      'attempt;instance="2";outcome=under-way;progress=responded;ms=7.00',
  )
})

test('stays one line of printable ASCII, whatever an instance is called or an error says', () => {
  const why = 'a"b\\c\r\nset-cookie: x\0é\u{1f600}'
  const text = explain(recordOf({ attempts: [attemptOf({ instance: 'ü"1', why })] }), 0)
  assert.match(text, /^[\x20-\x7e]+$/)
  assert.ok(text.includes(`instance="?'1"`), text)
  assert.ok(text.includes(`why="a'b'c??set-cookie: x????"`), text)
})

test('stays within 1 KB: of too many attempts the last are told and the others counted', () => {
  const attempts = Array.from({ length: 50 }, (_, index) =>
    attemptOf({ instance: `${index}-${'i'.repeat(200)}`, why: 'w'.repeat(500) }),
  )
  const text = explain(recordOf({ requestId: 'r'.repeat(128), attempts }), 0)
  assert.ok(text.length <= 1_024, String(text.length))
  const told = text.split('attempt;').length - 1
  assert.ok(told >= 2)
  assert.ok(text.includes(`, earlier;attempts=${50 - told}, `), text)
  assert.ok(text.includes('instance="49-'))
})
