import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { cookieOf, SessionBench } from '../../test/support/session-bench.ts'
import { isDroverError } from '../base/errors.ts'
import type { ErrorCode } from '../base/errors.ts'
import { keyOf } from './id.ts'

const hourMs = 3_600_000

function hasCode(code: ErrorCode): (error: unknown) => boolean {
  return (error) => isDroverError(error, code)
}

const lamp = { sku: 'lamp', quantity: 1 }

test('an untouched session calls no store, whether or not the client has a cookie', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ theme: 'dark' })
  for (const session of [bench.open(), bench.open(cookie)]) {
    assert.equal(session.pending(), false)
    await session.commit()
    assert.equal(cookieOf(session), undefined)
  }
  assert.deepEqual(bench.store.calls, [])
})

test('a visitor without a cookie who is only asked about costs no store call and gets no session', async () => {
  const bench = new SessionBench()
  const session = bench.open()
  assert.deepEqual(Object.keys(await session.data()), [])
  assert.equal(await session.principal(), undefined)
  assert.equal(session.pending(), false)
  await session.commit()
  assert.deepEqual(bench.store.calls, [])
})

test('reading takes one load for any number of calls, and writes nothing', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ cart: [lamp] }, 'ann')
  const session = bench.open(cookie)
  const [first, again] = await Promise.all([session.data(), session.data(), session.principal()])
  assert.equal(first, again)
  assert.deepEqual(first.cart, [lamp])
  assert.equal(session.pending(), false)
  await session.commit()
  assert.deepEqual(bench.store.methods(), ['load'])
})

test('new data creates a session whose id the store never sees', async () => {
  const bench = new SessionBench()
  const session = bench.open()
  const data = await session.data()
  data.theme = 'dark'
  assert.equal(session.pending(), true)
  await session.commit()
  const cookie = cookieOf(session) ?? ''
  const sessionId = /^sid=([^;]+); Path=\/; Max-Age=36000; HttpOnly; SameSite=Lax$/.exec(cookie)?.[1] ?? ''
  assert.deepEqual([...bench.store.records.keys()], [keyOf(sessionId)])
  assert.deepEqual(bench.store.records.get(keyOf(sessionId)), {
    principal: undefined,
    device: undefined,
    ip: undefined,
    createdAtMs: bench.nowMs,
    absoluteDeadlineMs: bench.nowMs + 10 * hourMs,
    idleDeadlineMs: bench.nowMs + hourMs,
    fields: new Map([['theme', '"dark"']]),
  })
  assert.equal(session.pending(), false)
  assert.equal(cookieOf(session), undefined)
})

test('only changed top-level fields are saved, nested changes included', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ cart: [lamp], theme: 'dark' })
  const session = bench.open(cookie)
  const data = await session.data()
  data.cart?.push({ sku: 'mug', quantity: 2 })
  await session.commit()
  const [, save] = bench.store.calls
  assert.deepEqual(save?.[2], {
    set: new Map([['cart', '[{"sku":"lamp","quantity":1},{"sku":"mug","quantity":2}]']]),
    remove: new Set(),
    idleDeadlineMs: bench.nowMs + hourMs,
  })
  assert.equal(cookieOf(session), undefined)
  delete data.theme
  await session.commit()
  assert.deepEqual(bench.store.methods(), ['load', 'save', 'save'])
  assert.deepEqual([...(await bench.open(cookie).data().then(Object.keys))], ['cart'])
})

test('a change that is taken back is not written', async () => {
  const bench = new SessionBench()
  const session = bench.open(await bench.start({ theme: 'dark' }))
  const data = await session.data()
  data.theme = 'light'
  assert.equal(session.pending(), true)
  data.theme = 'dark'
  assert.equal(session.pending(), false)
})

test('two requests that change different fields both survive', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ theme: 'dark' })
  const [one, other] = [bench.open(cookie), bench.open(cookie)]
  const [oneData, otherData] = [await one.data(), await other.data()]
  oneData.theme = 'light'
  otherData.cart = [lamp]
  await Promise.all([one.commit(), other.commit()])
  assert.deepEqual({ ...(await bench.open(cookie).data()) }, { theme: 'light', cart: [lamp] })
})

test('login moves the session to a new id with its data, restarts its lifetime, and the old id is worthless', async () => {
  const bench = new SessionBench()
  const visitor = await bench.start({ cart: [lamp] })
  bench.nowMs += hourMs / 2
  const session = bench.open(visitor)
  await session.login('ann')
  assert.equal(await session.principal(), 'ann')
  assert.deepEqual(bench.store.methods(), ['load', 'touch'])
  await session.commit()
  assert.deepEqual(bench.store.methods(), ['load', 'touch', 'replace'])
  const cookie = cookieOf(session) ?? ''
  assert.notEqual(cookie, visitor)
  const after = bench.open(cookie)
  assert.equal(await after.principal(), 'ann')
  assert.deepEqual((await after.data()).cart, [lamp])
  assert.equal(await bench.open(visitor).principal(), undefined)
  assert.equal([...bench.store.records.values()][0]?.absoluteDeadlineMs, bench.nowMs + 10 * hourMs)
})

test('login as somebody else leaves the former data behind, even in the object the app holds', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ cart: [lamp] }, 'ann')
  const session = bench.open(cookie)
  const data = await session.data()
  await session.login('bob')
  assert.deepEqual(Object.keys(data), [])
  data.theme = 'dark'
  await session.commit()
  assert.deepEqual(bench.store.methods(), ['load', 'delete', 'create'])
  const after = bench.open(cookieOf(session))
  assert.equal(await after.principal(), 'bob')
  assert.deepEqual({ ...(await after.data()) }, { theme: 'dark' })
})

test('logout deletes without a load, clears the cookie, and empties the data', async () => {
  const bench = new SessionBench()
  const session = bench.open(await bench.start({ theme: 'dark' }, 'ann'))
  await session.logout()
  assert.equal(await session.principal(), undefined)
  assert.deepEqual(Object.keys(await session.data()), [])
  await session.commit()
  assert.deepEqual(bench.store.methods(), ['delete'])
  assert.match(cookieOf(session) ?? '', /^sid=; Path=\/; Max-Age=0;/)
  assert.equal(bench.store.records.size, 0)
})

test('data set after logout begins a session of its own', async () => {
  const bench = new SessionBench()
  const session = bench.open(await bench.start({ cart: [lamp] }, 'ann'))
  await session.logout()
  ;(await session.data()).theme = 'dark'
  await session.commit()
  const after = bench.open(cookieOf(session))
  assert.deepEqual({ ...(await after.data()) }, { theme: 'dark' })
  assert.equal(await after.principal(), undefined)
  assert.equal(bench.store.records.size, 1)
})

test('logout of a visitor without a cookie does nothing', async () => {
  const bench = new SessionBench()
  const session = bench.open()
  await session.logout()
  assert.equal(session.pending(), false)
  await session.commit()
  assert.deepEqual(bench.store.calls, [])
})

test('a session deleted meanwhile is gone: nothing saved, nothing revived, the cookie left alone', async () => {
  for (const intent of ['data', 'login'] as const) {
    const bench = new SessionBench()
    const cookie = await bench.start({ theme: 'dark' })
    const slow = bench.open(cookie)
    ;(await slow.data()).theme = 'light'
    if (intent === 'login') await slow.login('ann')
    const fast = bench.open(cookie)
    await fast.logout()
    await fast.commit()
    await assert.rejects(slow.commit(), hasCode('SESSION_GONE'))
    assert.equal(cookieOf(slow), undefined)
    assert.equal(bench.store.records.size, 0)
    assert.equal(slow.pending(), false)
    await assert.rejects(slow.data(), hasCode('SESSION_GONE'))
    await assert.rejects(slow.login('ann'), hasCode('SESSION_GONE'))
    await assert.rejects(slow.logout(), hasCode('SESSION_GONE'))
    await assert.rejects(slow.commit(), hasCode('SESSION_GONE'))
  }
})

test('an unavailable store is loud in data, principal and login, and never looks like a logout', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ theme: 'dark' }, 'ann')
  bench.store.isUnavailable = true
  const session = bench.open(cookie)
  await assert.rejects(session.data(), hasCode('STORE_UNAVAILABLE'))
  await assert.rejects(session.principal(), hasCode('STORE_UNAVAILABLE'))
  await assert.rejects(session.login('bob'), hasCode('STORE_UNAVAILABLE'))
  assert.equal(session.pending(), false)
  bench.store.isUnavailable = false
  assert.equal(await session.principal(), 'ann')
})

test('a commit that fails leaves no cookie behind and can be tried again', async () => {
  const bench = new SessionBench()
  const session = bench.open()
  await session.login('ann')
  bench.store.isUnavailable = true
  await assert.rejects(session.commit(), hasCode('STORE_UNAVAILABLE'))
  assert.equal(cookieOf(session), undefined)
  assert.equal(session.pending(), true)
  bench.store.isUnavailable = false
  await session.commit()
  assert.equal(await bench.open(cookieOf(session)).principal(), 'ann')
})

test('what to do when a feed is cut is no question where each read asks the store', async () => {
  const bench = new SessionBench()
  const message = /^Cannot choose .* in mode "store": each read asks the store$/
  await assert.rejects(bench.open().whenCut('refuse'), { code: 'SESSION_MODE_UNSUPPORTED', message })
})

test('operations nobody waits for are pending, and a commit waits for them', async () => {
  const bench = new SessionBench()
  const session = bench.open(await bench.start({ theme: 'dark' }))
  const login = session.login('ann')
  assert.equal(session.pending(), true)
  await session.commit()
  await login
  assert.equal(await bench.open(cookieOf(session)).principal(), 'ann')
})

test('reading slides the idle deadline once a tenth has passed, without waiting, and reports a failure', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ theme: 'dark' })
  bench.nowMs += hourMs / 10 - 1
  await bench.open(cookie).data()
  assert.deepEqual(bench.store.methods(), ['load'])
  bench.nowMs += 1
  await bench.open(cookie).data()
  assert.deepEqual(bench.store.methods(), ['load', 'load', 'touch'])
  bench.nowMs += hourMs / 2
  const failure = new Error('touch failed')
  bench.store.touch = () => Promise.reject(failure)
  await bench.open(cookie).data()
  await new Promise(setImmediate)
  assert.deepEqual(bench.reports, [failure])
})

test('a save slides the idle deadline by the same rule, on the deadline as it is by then', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ theme: 'dark' })
  const startMs = bench.nowMs
  const session = bench.open(cookie)
  const data = await session.data()
  for (const [afterMs, deadlineMs] of [
    [hourMs / 10 - 1, startMs + hourMs],
    [hourMs / 10, startMs + hourMs + hourMs / 10],
    [hourMs / 10 + 1, startMs + hourMs + hourMs / 10],
  ] as const) {
    bench.nowMs = startMs + afterMs
    data.theme = `after ${afterMs}`
    await session.commit()
    assert.equal([...bench.store.records.values()][0]?.idleDeadlineMs, deadlineMs)
  }
})

test('a session ends unused after the idle time, and used at its absolute deadline', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ theme: 'dark' })
  for (let hours = 0; hours < 9.5; hours += 0.5) {
    bench.nowMs += hourMs / 2
    assert.equal((await bench.open(cookie).data()).theme, 'dark', `after ${hours + 0.5} h`)
  }
  bench.nowMs += hourMs / 2
  assert.equal((await bench.open(cookie).data()).theme, undefined)
  const idle = await bench.start({ theme: 'dark' })
  bench.nowMs += hourMs
  assert.equal((await bench.open(idle).data()).theme, undefined)
})

test('data that cannot be kept fails the commit by name, and nothing is stored', async () => {
  const bench = new SessionBench<Record<string, unknown>>()
  const session = bench.open()
  const data = await session.data()
  data['when'] = new Date(0)
  assert.equal(session.pending(), true)
  await assert.rejects(session.commit(), hasCode('SESSION_VALUE_INVALID'))
  data['when'] = 'x'.repeat(1_000)
  await assert.rejects(session.commit(), hasCode('SESSION_TOO_LARGE'))
  assert.deepEqual(bench.store.calls, [])
})

test('login refuses a principal that is empty, too long or no string', async () => {
  const session = new SessionBench().open()
  const anything: { login(principal: unknown): Promise<void> } = session
  for (const principal of ['', 'x'.repeat(513), 7, undefined]) {
    await assert.rejects(anything.login(principal), hasCode('SESSION_VALUE_INVALID'))
  }
  assert.equal(session.pending(), false)
})

test('after the head has left, data is still saved but a new id comes too late', async () => {
  const bench = new SessionBench()
  const session = bench.open(await bench.start({ theme: 'dark' }))
  bench.headLeft = true
  ;(await session.data()).theme = 'light'
  await session.commit()
  await session.login('ann')
  await assert.rejects(session.commit(), hasCode('SESSION_COOKIE_LATE'))
  assert.equal(cookieOf(session), undefined)
  assert.equal([...bench.store.records.values()][0]?.fields.get('theme'), '"light"')
})

test('any run of requests leaves in the store what the data said, and writes only what differed', async () => {
  const edit = fc.tuple(fc.constantFrom('a', 'b', '__proto__'), fc.option(fc.integer(), { nil: undefined }))
  const requests = fc.array(fc.array(edit, { maxLength: 4 }), { maxLength: 5 })
  const property = fc.asyncProperty(requests, async (runs) => {
    const bench = new SessionBench<Record<string, unknown>>()
    let cookie: string | undefined
    const model = new Map<string, number>()
    for (const edits of runs) {
      const before = new Map(model)
      const session = bench.open(cookie)
      const data = await session.data()
      for (const [name, value] of edits) {
        data[name] = value
        if (value === undefined) model.delete(name)
        else model.set(name, value)
      }
      bench.store.calls.length = 0
      await session.commit()
      cookie = cookieOf(session) ?? cookie
      const differing = [...new Set([...before.keys(), ...model.keys()])].filter(
        (name) => before.get(name) !== model.get(name),
      )
      assert.equal(bench.store.calls.length, differing.length === 0 ? 0 : 1)
    }
    const stored = cookie === undefined ? {} : await bench.open(cookie).data()
    assert.deepEqual(new Map(Object.entries(stored)), model)
  })
  await fc.assert(property, { numRuns: 100 })
})
