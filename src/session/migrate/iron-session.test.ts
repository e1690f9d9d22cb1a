import assert from 'node:assert/strict'
import { test } from 'node:test'
import { sealData } from 'iron-session'
import { cookieOf, SessionBench } from '../../../test/support/session-bench.ts'
import { ironSessionReader } from './iron-session.ts'

const password = 'a password of thirty-two characters or more'

function bench(): SessionBench {
  const made: SessionBench = new SessionBench({ legacy: { find: (header) => reader.find(header) } })
  const clock = { now: () => made.nowMs }
  const principal = (data: Readonly<Record<string, unknown>>) => String(data['user'])
  const reader = ironSessionReader({ from: 'iron-session', password, cookieName: 'iron', principal }, clock)
  return made
}

test("a visitor with iron-session's cookie stays signed in; its seal is used once, also after signing out", async () => {
  const shop = bench()
  const seal = await sealData({ user: 'ann', theme: 'dark' }, { password })
  const theirs = { cookieHeader: `iron=${encodeURIComponent(seal)}` }
  const session = shop.open(undefined, theirs)
  assert.equal(await session.principal(), 'ann')
  assert.equal((await session.data()).theme, 'dark')
  await session.commit()
  const cookie = cookieOf(session)
  assert.equal(await shop.open(cookie).principal(), 'ann')
  assert.equal(await shop.open(undefined, theirs).principal(), 'ann')
  assert.equal(shop.store.records.size, 2)
  const leaving = shop.open(cookie)
  await leaving.logout()
  await leaving.commit()
  assert.equal(await shop.open(undefined, theirs).principal(), undefined)
  // What remembers that the seal was used.
  assert.equal(shop.store.records.size, 1)
})

test('a seal of another password, or a damaged one, brings nothing', async () => {
  const shop = bench()
  const foreign = await sealData({ user: 'eve' }, { password: password.toUpperCase() })
  for (const seal of [foreign, `${foreign.slice(0, -3)}~2`, 'Fe26.2*', 'Fe26.2**', 'x']) {
    assert.equal(await shop.open(undefined, { cookieHeader: `iron=${seal}` }).principal(), undefined, seal)
  }
  assert.equal(shop.store.records.size, 0)
})

test('ironSessionReader refuses a short password and a missing cookie name', () => {
  const clock = { now: () => 0 }
  for (const wrong of [
    { password: 'short', cookieName: 'iron' },
    { password, cookieName: '' },
    { password: {}, cookieName: 'x' },
  ])
    assert.throws(() => ironSessionReader({ from: 'iron-session', ...wrong }, clock), {
      code: 'OPTION_INVALID',
    })
})
