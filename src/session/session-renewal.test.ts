import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cookieOf, SessionBench } from '../../test/support/session-bench.ts'
import { keyOf } from './id.ts'
import { openId, sealId } from './successor.ts'

const secret = Buffer.alloc(32, 7).toString('base64')
const random = (size: number) => new Uint8Array(size).fill(3)

function idOf(cookie: string | undefined): string {
  return /=([^;]+);/.exec(cookie ?? '')?.[1] ?? ''
}

for (const [name, options] of [
  ['plain', {}],
  ['encrypted', { encryptionKeys: [secret] }],
] as const) {
  test(`${name}: renew gives a new id and keeps everything else`, async () => {
    const bench = new SessionBench(options)
    const old = await bench.start({ theme: 'dark' }, 'ann')
    const before = [...bench.store.records.values()][0]
    bench.nowMs += 60_000
    const session = bench.open(old)
    await session.renew()
    ;(await session.data()).visits = 1
    await session.commit()
    const fresh = cookieOf(session)
    assert.notEqual(idOf(fresh), idOf(old))
    const after = bench.store.records.get(keyOf(idOf(fresh)))
    assert.deepEqual(
      [after?.principal, after?.createdAtMs, after?.absoluteDeadlineMs],
      ['ann', before?.createdAtMs, before?.absoluteDeadlineMs],
    )
    assert.deepEqual({ ...(await bench.open(fresh).data()) }, { theme: 'dark', visits: 1 })
  })

  test(`${name}: the old id works during the grace, brings the new one again, and is worthless after it`, async () => {
    const bench = new SessionBench(options)
    const old = await bench.start({ theme: 'dark' }, 'ann')
    const session = bench.open(old)
    await session.renew()
    await session.commit()
    const fresh = cookieOf(session)
    bench.nowMs += 29_999
    // Its answer was lost, so the client still sends the old id; what it saves reaches the session.
    const late = bench.open(old)
    const data = await late.data()
    assert.equal(data.theme, 'dark')
    data.theme = 'light'
    assert.equal(late.pending(), true)
    await late.commit()
    assert.equal(idOf(cookieOf(late)), idOf(fresh))
    assert.equal((await bench.open(fresh).data()).theme, 'light')
    bench.nowMs += 1
    assert.equal(await bench.open(old).principal(), undefined)
    assert.equal(await bench.open(fresh).principal(), 'ann')
  })
}

test('an id that was renewed twice within the grace still finds the session, encrypted too, and learns the newest id', async () => {
  const bench = new SessionBench({ encryptionKeys: [secret] })
  const first = await bench.start({ theme: 'dark' }, 'ann')
  const ids = [first]
  for (let renewals = 0; renewals < 2; renewals += 1) {
    const session = bench.open(ids.at(-1))
    await session.renew()
    await session.commit()
    ids.push(cookieOf(session) ?? assert.fail('no cookie'))
  }
  const late = bench.open(first)
  assert.equal((await late.data()).theme, 'dark')
  await late.commit()
  assert.equal(idOf(cookieOf(late)), idOf(ids[2]))
})

test('of two requests that renew at once one does, and both end with the same id', async () => {
  const bench = new SessionBench()
  const old = await bench.start({ theme: 'dark' }, 'ann')
  const [one, other] = [bench.open(old), bench.elsewhere(old)]
  for (const session of [one, other]) {
    await session.renew()
    ;(await session.data()).visits = 1
  }
  await one.commit()
  await other.commit()
  assert.equal(idOf(cookieOf(one)), idOf(cookieOf(other)))
  assert.equal(bench.store.records.size, 1)
})

test('a session that was renewed a moment ago is not renewed again by a request with the old id', async () => {
  const bench = new SessionBench()
  const old = await bench.start({ theme: 'dark' })
  const first = bench.open(old)
  await first.renew()
  await first.commit()
  const again = bench.open(old)
  await again.renew()
  await again.commit()
  assert.equal(idOf(cookieOf(again)), idOf(cookieOf(first)))
})

test('signing out with the old id ends the renewed session', async () => {
  const bench = new SessionBench()
  const old = await bench.start({ theme: 'dark' }, 'ann')
  const session = bench.open(old)
  await session.renew()
  await session.commit()
  const late = bench.open(old)
  await late.logout()
  await late.commit()
  assert.equal(await bench.open(cookieOf(session)).principal(), undefined)
})

test('renew without a session at rest does nothing, and after the head has left it is refused', async () => {
  const bench = new SessionBench()
  const nobody = bench.open()
  await nobody.renew()
  assert.equal(nobody.pending(), false)
  const session = bench.open(await bench.start({ theme: 'dark' }))
  await session.renew()
  bench.headLeft = true
  await assert.rejects(session.commit(), { code: 'SESSION_COOKIE_LATE' })
})

test('sealId is opened by the old id alone', () => {
  const [oldId, newId] = ['o'.repeat(43), `${'t'.repeat(16)}.${'n'.repeat(43)}`]
  const sealed = sealId(newId, oldId, random)
  assert.equal(openId(sealed, oldId), newId)
  assert.equal(openId(sealed, 'p'.repeat(43)), undefined)
  assert.equal(openId(sealed.slice(0, -2), oldId), undefined)
  assert.equal(openId('', oldId), undefined)
  assert.ok(!sealed.includes('nnnn'))
})
