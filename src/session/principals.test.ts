import assert from 'node:assert/strict'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { test } from 'node:test'
import { cookieOf, SessionBench } from '../../test/support/session-bench.ts'
import { sessionEventNames } from './events.ts'
import { Principals } from './principals.ts'

const hourMs = 3_600_000

/** Signs in from `device`, and gives the cookie. */
async function signIn(bench: SessionBench, principal: string, device?: string): Promise<string> {
  const session = bench.open()
  await session.login(principal, device === undefined ? {} : { device })
  await session.commit()
  return cookieOf(session) ?? assert.fail('no cookie')
}

function principalsOf(bench: SessionBench): Principals {
  return new Principals(bench.store, hourMs)
}

test('list shows device, address, creation and last use of a principal alone, the newest first', async () => {
  const bench = new SessionBench()
  const phone = await signIn(bench, 'ann', 'phone')
  bench.nowMs += 60_000
  await signIn(bench, 'ann', 'laptop')
  await signIn(bench, 'bob')
  bench.nowMs += hourMs / 2
  await bench.open(phone).data()
  const listed = await principalsOf(bench).list('ann')
  assert.deepEqual(
    listed.map(({ device, ip, createdAtMs, lastSeenAtMs, expiresAtMs }) => {
      return { device, ip, createdAtMs, lastSeenAtMs, expiresAtMs }
    }),
    [
      {
        device: 'laptop',
        ip: '127.0.0.1',
        createdAtMs: 1_060_000,
        lastSeenAtMs: 1_060_000,
        expiresAtMs: 1_060_000 + hourMs,
      },
      {
        device: 'phone',
        ip: '127.0.0.1',
        createdAtMs: 1_000_000,
        lastSeenAtMs: bench.nowMs,
        expiresAtMs: bench.nowMs + hourMs,
      },
    ],
  )
  assert.equal(await bench.open(phone).handle(), listed[1]?.handle)
})

test('revoke ends the one session whose handle it is given, and nothing else', async () => {
  const bench = new SessionBench()
  const [phone, laptop] = [await signIn(bench, 'ann'), await signIn(bench, 'ann')]
  const handle = await bench.open(phone).handle()
  await principalsOf(bench).revoke(handle ?? '')
  await principalsOf(bench).revoke(handle ?? '')
  assert.equal(await bench.open(phone).principal(), undefined)
  assert.equal(await bench.open(laptop).principal(), 'ann')
  for (const wrong of ['', 'x', `${handle}x`, '../../etc'])
    await assert.rejects(principalsOf(bench).revoke(wrong), { code: 'SESSION_VALUE_INVALID' })
})

test('revokeAll ends every session of the principal but the excepted one, given as session or handle', async () => {
  const bench = new SessionBench()
  const cookies = [await signIn(bench, 'ann'), await signIn(bench, 'ann'), await signIn(bench, 'ann')]
  const bob = await signIn(bench, 'bob')
  const own = bench.open(cookies[1])
  const slow = bench.open(cookies[0])
  ;(await slow.data()).theme = 'dark'
  await principalsOf(bench).revokeAll('ann', { except: own })
  const after = await Promise.all(cookies.map((cookie) => bench.open(cookie).principal()))
  assert.deepEqual(after, [undefined, 'ann', undefined])
  await assert.rejects(slow.commit(), { code: 'SESSION_GONE' })
  await principalsOf(bench).revokeAll('ann', { except: await own.handle() })
  assert.equal(await bench.open(cookies[1]).principal(), 'ann')
  await principalsOf(bench).revokeAll('ann', {})
  assert.equal(await bench.open(cookies[1]).principal(), undefined)
  assert.equal(await bench.open(bob).principal(), 'bob')
  assert.equal(await bench.open(await signIn(bench, 'ann')).principal(), 'ann')
})

test('what happens is told through diagnostics_channel, with ids that no store and no cookie knows', async () => {
  const bench = new SessionBench()
  const told: { name: string; session: string; principal: string | undefined }[] = []
  const listeners = sessionEventNames.map((name) => {
    const listener = (event: unknown): void => {
      told.push({
        name,
        session: String(Reflect.get(Object(event), 'session')),
        principal: Reflect.get(Object(event), 'principal'),
      })
    }
    return { channel: `drover:session:${name}`, listener }
  })
  for (const { channel, listener } of listeners) subscribe(channel, listener)
  try {
    const cookie = await signIn(bench, 'ann')
    const session = bench.open(cookie)
    const logged = await session.logId()
    await session.renew()
    await session.commit()
    await session.logout()
    await session.commit()
    await principalsOf(bench).revokeAll('ann', {})
    assert.deepEqual(
      told.map(({ name, principal }) => [name, principal]),
      [
        ['created', 'ann'],
        ['renewed', 'ann'],
        ['revoked', 'ann'],
        ['revoked', 'ann'],
      ],
    )
    assert.equal(told[0]?.session, logged)
    assert.equal(told[3]?.session, '*')
    const keys = [...bench.store.calls].flatMap((call) => call.filter((word) => typeof word === 'string'))
    for (const { session: id } of told.slice(0, 3)) {
      assert.match(id, /^[\w-]{16}$/)
      assert.ok(!keys.some((key) => key.includes(id)) && !cookie.includes(id))
    }
  } finally {
    for (const { channel, listener } of listeners) unsubscribe(channel, listener)
  }
})

test('watch tells once of a session that ended elsewhere, at once where there is none, and not after it was stopped', async () => {
  const bench = new SessionBench()
  const cookie = await signIn(bench, 'ann')
  let ends = 0
  const count = () => (ends += 1)
  await bench.open(cookie).watch(count)
  const stop = await bench.open(cookie).watch(() => assert.fail('it was stopped'))
  stop()
  await bench.open().watch(count)
  await new Promise(setImmediate)
  assert.equal(ends, 1)
  await principalsOf(bench).revokeAll('ann', {})
  await new Promise(setImmediate)
  assert.equal(ends, 2)
})
