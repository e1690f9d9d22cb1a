import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { cookieOf, SessionBench } from '../../../test/support/session-bench.ts'
import { pointerField } from '../conflict.ts'
import { keyOf } from '../id.ts'
import { expressSessionReader } from './express-session.ts'
import type { ConnectStore, ExpressSessionMigration } from './express-session.ts'

const secret = 'keyboard cat'
const sid = 'Zm9ybWVyLXNlc3Npb24taWQtb2YtYW5u'

/** As express-session writes it. */
function cookieHeader(id: string, key: string): string {
  const signature = createHmac('sha256', key).update(id).digest('base64').replace(/=+$/, '')
  return `other=1; connect.sid=${encodeURIComponent(`s:${id}.${signature}`)}`
}

/** A store of express-session's that holds what a test puts there. */
class FormerStore implements ConnectStore {
  readonly records: Map<string, unknown> = new Map()
  isDown = false
  gets = 0

  get(id: string, done: (error: unknown, session?: unknown) => void): void {
    this.gets += 1
    setImmediate(() => {
      if (this.isDown) done(new Error('down'))
      else done(null, this.records.get(id))
    })
  }

  destroy(id: string, done?: (error?: unknown) => void): void {
    this.records.delete(id)
    setImmediate(() => done?.())
  }
}

interface Former {
  readonly bench: SessionBench
  readonly store: FormerStore
}

function former(options: Partial<ExpressSessionMigration> = {}, encryptionKeys?: readonly string[]): Former {
  const store = new FormerStore()
  store.records.set(sid, {
    cookie: {
      originalMaxAge: 3_600_000,
      expires: new Date(1_000_000 + 3_600_000).toISOString(),
      httpOnly: true,
      path: '/',
    },
    theme: 'dark',
    passport: { user: 'ann' },
  })
  const clock = { now: () => bench.nowMs }
  const bench: SessionBench = new SessionBench({
    legacy: { find: (header) => reader.find(header) },
    ...(encryptionKeys !== undefined && { encryptionKeys }),
  })
  const reader = expressSessionReader(
    { from: 'express-session', secret, store, ...options },
    bench.store,
    clock,
  )
  return { bench, store }
}

/** Not counting what remembers that a cookie was used. */
function sessionsIn(bench: SessionBench): number {
  return [...bench.store.records.values()].filter(({ fields }) => !fields.has(pointerField)).length
}

const theirs = { cookieHeader: cookieHeader(sid, secret) }

for (const keys of [undefined, [Buffer.alloc(32, 5).toString('base64')]]) {
  test(`a visitor with express-session's cookie stays signed in, under a new id (${keys === undefined ? 'plain' : 'encrypted'})`, async () => {
    const { bench, store } = former({}, keys)
    const session = bench.open(undefined, theirs)
    assert.equal(await session.principal(), 'ann')
    const data = await session.data()
    assert.equal(data.theme, 'dark')
    data.visits = 1
    await session.commit()
    const cookies = session.takeCookies()
    assert.match(cookies[0] ?? '', /^connect\.sid=; Path=\/; Max-Age=0/)
    assert.match(cookies[1] ?? '', /^sid=[\w-]{16}\.[\w-]{43};/)
    assert.equal(store.records.size, 0)
    const next = await bench.open(cookies[1]).data()
    assert.deepEqual([next.theme, next.visits], ['dark', 1])
  })
}

test('requests that come at once, to one server or several, take over one and the same session', async () => {
  const { bench } = former()
  const sessions = Array.from({ length: 16 }, () => bench.open(undefined, theirs))
  const ids = await Promise.all(
    sessions.map(async (session) => {
      assert.equal(await session.principal(), 'ann')
      await session.commit()
      return cookieOf(session)?.split(';')[0]
    }),
  )
  assert.equal(new Set(ids).size, 1)
  assert.equal(sessionsIn(bench), 1)
})

test('a session signed out after it was taken over stays so, whoever shows the former cookie again', async () => {
  for (const keep of [false, true]) {
    const { bench, store } = former({ keep })
    const session = bench.open(undefined, theirs)
    await session.logout()
    await session.commit()
    assert.equal(store.records.size, 0)
    // Somebody restores the former record: it is worth nothing any more.
    store.records.set(sid, { cookie: {}, passport: { user: 'ann' } })
    assert.equal(await bench.open(undefined, theirs).principal(), undefined)
    assert.equal(sessionsIn(bench), 0)
  }
})

test('with keep, record and cookie stay for servers that still run the former library', async () => {
  const { bench, store } = former({ keep: true })
  const session = bench.open(undefined, theirs)
  assert.equal(await session.principal(), 'ann')
  await session.commit()
  assert.equal(session.takeCookies().length, 1)
  assert.equal(store.records.size, 1)
  assert.equal(await bench.open(undefined, theirs).principal(), 'ann')
  assert.equal(sessionsIn(bench), 1)
})

test("a forged, damaged, over or unknown cookie brings nothing, and the former store's outage is no logout", async () => {
  const { bench, store } = former()
  for (const header of [
    cookieHeader(sid, 'wrong secret'),
    `connect.sid=s:${sid}`,
    'connect.sid=%E0%A4%A',
    'connect.sid=j:{}',
    undefined,
  ]) {
    const visit = header === undefined ? {} : { cookieHeader: header }
    assert.equal(await bench.open(undefined, visit).principal(), undefined, header)
  }
  assert.equal(store.gets, 0)
  assert.equal(
    await bench.open(undefined, { cookieHeader: cookieHeader('unknown', secret) }).principal(),
    undefined,
  )
  store.isDown = true
  await assert.rejects(bench.open(undefined, theirs).principal(), { code: 'STORE_UNAVAILABLE' })
  store.isDown = false
  bench.nowMs += 3_600_000
  assert.equal(await bench.open(undefined, theirs).principal(), undefined)
})

test('any of several secrets may have signed; who is signed in is asked of the app', async () => {
  const { bench } = former({
    secret: ['newer', secret],
    principal: (data) => `theme ${String(data['theme'])}`,
  })
  assert.equal(await bench.open(undefined, theirs).principal(), 'theme dark')
})

test('knowing the id alone, as from a stolen store, does not open the session that took over', async () => {
  const { bench } = former()
  const session = bench.open(undefined, theirs)
  await session.principal()
  await session.commit()
  assert.ok(!bench.store.calls.some((call) => call.includes(keyOf(sid))))
})

test('expressSessionReader refuses an empty secret, and a store that keeps no texts', () => {
  const { bench } = former()
  const clock = { now: () => 0 }
  for (const wrong of ['', []]) {
    assert.throws(
      () => expressSessionReader({ from: 'express-session', secret: wrong }, bench.store, clock),
      /migrate\.secret/,
    )
  }
  assert.throws(
    () => expressSessionReader({ from: 'express-session', secret }, bench.store, clock),
    /wanted a Redis store/,
  )
})
