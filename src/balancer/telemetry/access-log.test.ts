import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test, type TestContext } from 'node:test'
import { attemptOf, recordOf } from '../../../test/balancer/support/record.ts'
import type { ExchangeRecord } from '../exchange/record.ts'
import { AccessLog } from './access-log.ts'

/** The lines that records come to, parsed. */
async function logged(
  t: TestContext,
  records: readonly ExchangeRecord[],
  options: { readonly query?: boolean } = {},
): Promise<Record<string, unknown>[]> {
  const folder = mkdtempSync(join(tmpdir(), 'drover-access-'))
  t.after(() => {
    rmSync(folder, { recursive: true })
  })
  const path = join(folder, 'access.log')
  const log = new AccessLog({
    path,
    notice: assert.fail,
    now: () => Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    ...options,
  })
  for (const record of records) log.observe(record)
  await log.close()
  assert.equal(log.dropped, 0)
  const lines = readFileSync(path, 'utf8').split('\n')
  assert.equal(lines.pop(), '')
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('a request that was answered at once is one line with all that is known of it', async (t) => {
  const record = recordOf({ target: '/cart?token=secret', queueMs: 0.126, endedMs: 1_020.5 })
  assert.deepEqual(await logged(t, [record]), [
    {
      level: 30,
      time: '2026-01-02T03:04:05.006Z',
      requestId: 'abc-1',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      client: '127.0.0.1',
      method: 'GET',
      path: '/cart',
      version: '1.1',
      status: 200,
      bytes: 100,
      instance: '1',
      attempts: 1,
      queueMs: 0.13,
      upstreamMs: 18,
      totalMs: 20.5,
      end: 'answered',
    },
  ])
})

test('of several attempts each is listed with its reason; the one that answered counts', async (t) => {
  const failed = attemptOf({
    outcome: 'failed',
    progress: 'sent',
    endedMs: 1_003,
    why: 'read ECONNRESET; repeated',
  })
  const record = recordOf({
    attempts: [failed, attemptOf({ instance: '2', startedMs: 1_004 }), attemptOf({ outcome: 'hedged-away' })],
  })
  const [line] = await logged(t, [record])
  assert.equal(line?.instance, '2')
  assert.equal(line.upstreamMs, 15)
  assert.equal(line.attempts, 3)
  assert.deepEqual(line.tried, [
    { instance: '1', outcome: 'failed', progress: 'sent', ms: 2, why: 'read ECONNRESET; repeated' },
    { instance: '2', outcome: 'answered', progress: 'passed', ms: 15 },
    { instance: '1', outcome: 'hedged-away', progress: 'passed', ms: 18 },
  ])
})

test('a refusal says why, without or with an instance', async (t) => {
  const refused = recordOf({ status: 503, end: 'refused', why: 'no instance is ready', attempts: [] })
  const failed = recordOf({
    status: 502,
    end: 'refused',
    attempts: [attemptOf({ outcome: 'failed', why: 'read ECONNRESET; not repeatable' })],
  })
  const [first, second] = await logged(t, [refused, failed])
  assert.equal(first?.why, 'no instance is ready')
  assert.equal(first.attempts, 0)
  assert.ok(!('instance' in first) && !('upstreamMs' in first))
  assert.equal(second?.why, 'read ECONNRESET; not repeatable')
  assert.equal(second.instance, '1')
})

test('a path is logged without what may be secret: query, fragment, user and host of an absolute form', async (t) => {
  const targets = [
    '/a?b=c',
    '/a#b',
    '/?',
    '*',
    'http://user:secret@host.example/a?b',
    'HTTP://host.example',
    '/http://x/?y',
  ]
  const lines = await logged(
    t,
    targets.map((target) => recordOf({ target })),
  )
  assert.deepEqual(
    lines.map(({ path }) => path),
    ['/a', '/a', '/', '*', '/a', '', '/http://x/'],
  )
  const [withQuery] = await logged(t, [recordOf({ target: '/a?b=c' })], { query: true })
  assert.equal(withQuery?.path, '/a?b=c')
})

test('whatever bytes come from outside, a record is one line', async (t) => {
  const hostile = '/"\\\r\n{"status":200}\n\0\u2028\ud800\u001b[31m'
  const records = [hostile, `/${'x'.repeat(20_000)}`].map((target) =>
    recordOf({ target, requestId: hostile, why: hostile, attempts: [attemptOf({ instance: hostile })] }),
  )
  const [first, second] = await logged(t, records)
  assert.equal(first?.path, hostile)
  assert.equal(first.status, 200)
  assert.equal(String(second?.path).length, 1_025)
})

test('the log of a full disk does not disturb who writes to it', async () => {
  const notices: string[] = []
  const log = new AccessLog({ path: '/dev/full', notice: (text) => notices.push(text), now: () => 0 })
  for (let index = 0; index < 100; index++) log.observe(recordOf())
  await log.close()
  assert.equal(log.dropped, 100)
  assert.equal(notices.length, 1)
  assert.match(notices[0] ?? '', /^access log \/dev\/full: /)
})
