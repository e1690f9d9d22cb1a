import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cookieOf, SessionBench } from '../../test/support/session-bench.ts'

test('flash values come once, by kind, oldest first, in this request or a later one', async () => {
  const bench = new SessionBench()
  const first = bench.open()
  await first.flash('notice', 'saved')
  await first.flash('error', { field: 'name' })
  await first.flash('notice', 'saved')
  await first.commit()
  const cookie = cookieOf(first)
  const next = bench.open(cookie)
  assert.deepEqual(await next.takeFlash('notice'), ['saved', 'saved'])
  assert.deepEqual(await next.takeFlash('notice'), [])
  await next.commit()
  const later = bench.open(cookie)
  assert.deepEqual(await later.takeFlash('notice'), [])
  assert.deepEqual(await later.takeFlash('error'), [{ field: 'name' }])
  assert.deepEqual({ ...(await later.data()) }, {})
})

test('looking for flash values that are not there writes nothing', async () => {
  const bench = new SessionBench()
  const session = bench.open(await bench.start({ theme: 'dark' }))
  assert.deepEqual(await session.takeFlash('notice'), [])
  assert.equal(session.pending(), false)
})

test('two requests that flash at once both leave their news; one that takes does not lose what came meanwhile', async () => {
  const bench = new SessionBench()
  const cookie = await bench.start({ theme: 'dark' })
  const [one, other] = [bench.open(cookie), bench.elsewhere(cookie)]
  await one.flash('notice', 1)
  await other.flash('notice', 2)
  await one.commit()
  await other.commit()
  const taker = bench.open(cookie)
  assert.deepEqual(await taker.takeFlash('notice'), [1, 2])
  const late = bench.elsewhere(cookie)
  await late.flash('notice', 3)
  await late.commit()
  await taker.commit()
  assert.deepEqual(await bench.open(cookie).takeFlash('notice'), [3])
})
