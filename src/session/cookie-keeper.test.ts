import assert from 'node:assert/strict'
import { test } from 'node:test'
import { CookieBench, secretOf } from '../../test/support/cookie-bench.ts'
import { cookieOf } from '../../test/support/session-bench.ts'
import { DroverError } from '../base/errors.ts'

const hourMs = 3_600_000
const lamp = { sku: 'lamp', quantity: 1 }

test('a visitor’s data comes back from the cookie alone, and no store is told of it', async () => {
  const bench = new CookieBench()
  const cookie = await bench.start({ cart: [lamp], theme: 'dark ☾' })
  assert.match(cookie, /^sid=t1\.[\w-]{8}\.[\w-]+; Path=\/; Max-Age=36000; HttpOnly; SameSite=Lax$/)
  const session = bench.open(cookie)
  assert.deepEqual({ ...(await session.data()) }, { cart: [lamp], theme: 'dark ☾' })
  assert.equal(await session.principal(), undefined)
  assert.equal(session.pending(), false)
  assert.deepEqual(bench.signIns.begun, [])
})

test('a change makes a new cookie with everything else kept; a field that is deleted is gone', async () => {
  const bench = new CookieBench()
  const session = bench.open(await bench.start({ cart: [lamp], theme: 'dark' }, 'ann'))
  const data = await session.data()
  data.cart?.push({ sku: 'mug', quantity: 2 })
  delete data.theme
  await session.commit()
  const next = bench.open(cookieOf(session))
  assert.deepEqual({ ...(await next.data()) }, { cart: [lamp, { sku: 'mug', quantity: 2 }] })
  assert.equal(await next.principal(), 'ann')
  assert.equal(await next.handle(), bench.signIns.begun[0])
})

test('a cookie hides what it holds, and one that was changed, or made for another name, is none', async () => {
  const bench = new CookieBench()
  const cookie = await bench.start({ theme: 'dark' }, 'ann')
  const bytes = Buffer.from(/\.([\w-]+);/.exec(cookie)?.[1] ?? '', 'base64url').toString('latin1')
  assert.doesNotMatch(bytes, /ann|dark|theme/)
  for (const at of [16, 30, 60, 90]) {
    const swapped = cookie[at] === 'A' ? 'B' : 'A'
    const changed = bench.open(cookie.slice(0, at) + swapped + cookie.slice(at + 1))
    assert.deepEqual(Object.keys(await changed.data()), [], String(at))
  }
  assert.equal(await bench.open(`__Host-${cookie}`, true).principal(), undefined)
})

test('keys change without a flag day: the first one seals, all open, and one that is missing is no logout', async () => {
  const bench = new CookieBench()
  const old = await bench.start({ theme: 'dark' }, 'ann')
  bench.secrets = [secretOf(2), secretOf(1)]
  const session = bench.open(old)
  Object.assign(await session.data(), { theme: 'light' })
  await session.commit()
  const renewed = cookieOf(session)
  bench.secrets = [secretOf(2)]
  assert.equal(await bench.open(renewed).principal(), 'ann')
  const locked = bench.open(old)
  await assert.rejects(locked.data(), { code: 'KEY_UNKNOWN', status: 503 })
  await locked.logout()
  await assert.rejects(locked.commit(), { code: 'KEY_UNKNOWN' })
  assert.equal(cookieOf(locked), undefined)
})

test('it ends when it is unused for the idle time', async () => {
  const bench = new CookieBench()
  const cookie = await bench.start({ theme: 'dark' })
  bench.nowMs += hourMs - 1
  assert.equal((await bench.open(cookie).data()).theme, 'dark')
  bench.nowMs += 1
  assert.deepEqual(Object.keys(await bench.open(cookie).data()), [])
})

test('a use slides the idle time once that is worth a cookie, up to the absolute deadline', async () => {
  const bench = new CookieBench()
  let cookie = await bench.start({ theme: 'dark' })
  bench.nowMs += hourMs / 10 - 1
  const soon = bench.open(cookie)
  await soon.data()
  assert.equal(soon.pending(), false)
  bench.nowMs += 1
  for (let uses = 1; uses <= 11; uses += 1) {
    const session = bench.open(cookie)
    assert.equal((await session.data()).theme, 'dark', `after ${uses} uses`)
    await session.commit()
    cookie = cookieOf(session) ?? assert.fail('no cookie')
    bench.nowMs += (hourMs * 9) / 10
  }
  assert.deepEqual(Object.keys(await bench.open(cookie).data()), [])
})

test('a shorter `absolute` holds for cookies that are out', async () => {
  const bench = new CookieBench()
  const cookie = await bench.start({ theme: 'dark' })
  bench.policy = { idle: '1h', absolute: '1h' }
  bench.nowMs += hourMs - 1
  assert.equal((await bench.open(cookie).data()).theme, 'dark')
  bench.policy = { idle: '30m', absolute: '30m' }
  assert.deepEqual(Object.keys(await bench.open(cookie).data()), [])
})

test('a cookie that browsers would not keep is an error at the save, and the one there stays', async () => {
  const bench = new CookieBench()
  const cookie = await bench.start({ theme: 'dark' }, 'ann')
  const session = bench.open(cookie)
  Object.assign(await session.data(), { theme: 'x'.repeat(3_000) })
  await assert.rejects(session.commit(), {
    code: 'SESSION_COOKIE_TOO_LARGE',
    message: /cookie of 4\d\d\d bytes: wanted at most 4096, and the largest field is "theme"/,
  })
  assert.equal(cookieOf(session), undefined)
  assert.equal((await bench.open(cookie).data()).theme, 'dark')
})

test('the bound is 4096 bytes with name and attributes, to the byte', async () => {
  const sizeOf = async (length: number): Promise<number> =>
    Buffer.byteLength(await new CookieBench().start({ theme: 'x'.repeat(length) }, 'ann'))
  let most = 2_500
  while ((await sizeOf(most + 1).catch(() => Infinity)) <= 4_096) most += 1
  assert.ok((await sizeOf(most)) >= 4_096 - 1)
  await assert.rejects(sizeOf(most + 1), { code: 'SESSION_COOKIE_TOO_LARGE' })
})

test('a sign-in that has no room in a cookie begins nothing', async () => {
  const bench = new CookieBench()
  await assert.rejects(bench.start({ theme: 'x'.repeat(3_000) }, 'ann'), { code: 'SESSION_COOKIE_TOO_LARGE' })
  assert.deepEqual(bench.signIns.begun, [])
})

test('a sign-in keeps the data and ends the former one; somebody else’s data does not follow', async () => {
  const bench = new CookieBench()
  const visitor = bench.open(await bench.start({ cart: [lamp] }))
  await visitor.login('ann')
  await visitor.commit()
  const ann = cookieOf(visitor)
  const again = bench.open(ann)
  assert.deepEqual((await again.data()).cart, [lamp])
  await again.login('bob')
  await again.commit()
  const bob = bench.open(cookieOf(again))
  assert.equal(await bob.principal(), 'bob')
  assert.deepEqual(Object.keys(await bob.data()), [])
  assert.equal(await bench.open(ann).principal(), undefined)
})

test('a sign-out ends the session wherever its cookie is, for as long as any of its cookies could live', async () => {
  const bench = new CookieBench()
  const cookie = await bench.start({ theme: 'dark' }, 'ann')
  const startedMs = bench.nowMs
  bench.nowMs += 60_000
  const session = bench.open(cookie)
  await session.logout()
  await session.commit()
  assert.match(cookieOf(session) ?? '', /^sid=; .*Max-Age=0/)
  assert.deepEqual([...bench.signIns.ended.values()], [startedMs + 10 * hourMs])
  assert.equal(await bench.open(cookie).principal(), undefined)
})

test('a request that holds a session while it is signed out elsewhere saves nothing: 409, and no cookie', async () => {
  const bench = new CookieBench()
  const cookie = await bench.start({ theme: 'dark' }, 'ann')
  const slow = bench.open(cookie)
  Object.assign(await slow.data(), { theme: 'light' })
  const fast = bench.open(cookie)
  await fast.logout()
  await fast.commit()
  await assert.rejects(slow.commit(), { code: 'SESSION_GONE', status: 409 })
  assert.equal(cookieOf(slow), undefined)
})

test('renew gives a new cookie and ends the old one; the deadline stays', async () => {
  const bench = new CookieBench()
  const cookie = await bench.start({ theme: 'dark' }, 'ann')
  bench.nowMs += 60_000
  const session = bench.open(cookie)
  await session.renew()
  await session.commit()
  const renewed = cookieOf(session) ?? assert.fail('no cookie')
  assert.match(renewed, /Max-Age=35940;/)
  assert.equal((await bench.open(renewed).data()).theme, 'dark')
  assert.equal(await bench.open(renewed).principal(), 'ann')
  assert.equal(await bench.open(cookie).principal(), undefined)
})

test('revoking all ends each sign-in of the principal but the one that is to stay, and no later one', async () => {
  const bench = new CookieBench()
  const [mine, other] = [await bench.start({}, 'ann'), await bench.start({}, 'ann')]
  const session = bench.open(mine)
  await bench.keeping().principals.revokeAll('ann', { except: session })
  assert.equal(await bench.open(mine).principal(), 'ann')
  assert.equal(await bench.open(other).principal(), undefined)
  assert.equal(await bench.open(await bench.start({}, 'ann')).principal(), 'ann')
  const { principals } = bench.keeping()
  await principals.revoke((await session.handle()) ?? '')
  assert.equal(await bench.open(mine).principal(), undefined)
  await assert.rejects(principals.revoke('ann'), { code: 'SESSION_VALUE_INVALID' })
})

test('where it cannot be told whether a sign-in has ended, it is 503 and no logout; visitors need nobody', async () => {
  const bench = new CookieBench()
  const [ann, visitor] = [await bench.start({}, 'ann'), await bench.start({ theme: 'dark' })]
  bench.signIns.failure = new DroverError('STORE_UNAVAILABLE', 'Cannot look: it is switched off')
  await assert.rejects(bench.open(ann).data(), { code: 'STORE_UNAVAILABLE', status: 503 })
  const leaving = bench.open(ann)
  await leaving.logout()
  await assert.rejects(leaving.commit(), { code: 'STORE_UNAVAILABLE' })
  assert.equal(cookieOf(leaving), undefined)
  assert.equal((await bench.open(visitor).data()).theme, 'dark')
})

test('a former sign-in that could not be ended leaves the client with the cookie it has', async () => {
  const bench = new CookieBench()
  const session = bench.open(await bench.start({}, 'ann'))
  await session.renew()
  bench.signIns.end = async () => {
    throw new DroverError('STORE_UNAVAILABLE', 'Cannot end it')
  }
  await assert.rejects(session.commit(), { code: 'STORE_UNAVAILABLE' })
  assert.equal(cookieOf(session), undefined)
})

test('what changes after the head has left is an error, and not lost silently', async () => {
  const bench = new CookieBench()
  const session = bench.open(await bench.start({ theme: 'dark' }))
  bench.headLeft = true
  Object.assign(await session.data(), { theme: 'light' })
  await assert.rejects(session.commit(), { code: 'SESSION_COOKIE_LATE' })
})

test('what needs sessions to meet is refused: atomic updates, commits that are made once, lists', async () => {
  const bench = new CookieBench()
  const session = bench.open(await bench.start({ visits: 1 }, 'ann'))
  const refused = { code: 'SESSION_MODE_UNSUPPORTED', message: /in mode "token"/ }
  await assert.rejects(
    session.update('visits', (visits = 0) => visits + 1),
    refused,
  )
  await assert.rejects(session.commit({ idempotencyKey: 'k' }), refused)
  await assert.rejects(bench.keeping().principals.list('ann'), refused)
})

test('a request chooses what to do when the feed is cut, and what it has used before is looked at again', async () => {
  const bench = new CookieBench()
  const cookie = await bench.start({ visits: 1 }, 'ann')
  const first = bench.open(cookie)
  await first.whenCut('refuse')
  assert.equal(bench.signIns.whenCut, 'refuse')
  await first.data()
  await bench.open(cookie).data()
  assert.equal(bench.signIns.whenCut, undefined)

  const unknown = new DroverError('REVOCATIONS_UNKNOWN', 'Cannot tell: the feed is cut')
  const [second, third] = [bench.open(cookie), bench.open(cookie)]
  await third.data()
  bench.signIns.failure = unknown
  for (const session of [second, third]) await assert.rejects(session.whenCut('refuse'), unknown)
  await bench.open(await bench.start({ visits: 1 })).whenCut({ acceptFor: '1m' })
  bench.signIns.failure = undefined
  await bench.keeping().principals.revoke((await first.handle()) ?? '')
  await second.whenCut('refuse')
  assert.equal(await second.principal(), undefined)
  await assert.rejects(third.whenCut('refuse'), { code: 'SESSION_GONE' })
})

test('flashes and CSRF tokens are in the cookie, too', async () => {
  const bench = new CookieBench()
  const session = bench.open()
  await session.flash('saved', 'Your cart is saved')
  const token = await session.csrfToken()
  await session.commit()
  const next = bench.open(cookieOf(session))
  assert.equal(await next.verifyCsrf(token), true)
  assert.deepEqual(await next.takeFlash('saved'), ['Your cart is saved'])
  await next.commit()
  assert.deepEqual(await bench.open(cookieOf(next)).takeFlash('saved'), [])
})

test('who watches is told of the end, at once where there is nothing to watch', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const bench = new CookieBench()
  const turn = () => new Promise((resolve) => setImmediate(resolve))
  let ends = 0
  const onEnd = () => {
    ends += 1
  }
  await bench.open().watch(onEnd)
  await turn()
  assert.equal(ends, 1)
  const session = bench.open(await bench.start({}, 'ann'))
  await session.watch(onEnd)
  const stop = await session.watch(onEnd)
  bench.signIns.failure = new DroverError('STORE_UNAVAILABLE', 'Cannot look: it is switched off')
  await turn()
  t.mock.timers.tick(1_000)
  await turn()
  bench.signIns.failure = undefined
  stop()
  await bench.keeping().principals.revoke((await session.handle()) ?? '')
  t.mock.timers.tick(1_000)
  await turn()
  assert.equal(ends, 2)
})
