import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testTokens } from '../../test/support/tokens.ts'
import type { CuttableStore } from '../../test/support/tokens.ts'
import { readFeedPolicy } from './options.ts'
import type { WhenCut } from './options.ts'
import { FamilySignIns } from './sign-ins.ts'

const hourMs = 3_600_000
const tag = 'A'.repeat(16)
const keyOf = (letter: string): string => `${tag}.${letter.repeat(32)}`

/** Two servers over one memory. */
function servers(whenCut: WhenCut = 'look up') {
  const { clock, store, newStore, memory } = testTokens()
  const over = (one: CuttableStore) =>
    new FamilySignIns({ store: one, feed: readFeedPolicy({ whenCut }), clock, report: () => undefined })
  const farStore = newStore()
  return {
    clock,
    memory,
    farStore,
    here: over(store),
    there: over(farStore),
    restart: () => over(newStore()),
  }
}

test('a sign-in that one server ends is ended on the others, without asking, and after a restart', async () => {
  const { clock, farStore, here, there, restart } = servers()
  const untilMs = clock.now() + hourMs
  const mark = await here.begin(keyOf('a'), untilMs)
  assert.equal(there.isEnded(keyOf('a'), mark), false)
  await here.end(keyOf('a'), untilMs)
  for (const server of [here, there, restart()]) assert.equal(server.isEnded(keyOf('a'), mark), true)
  assert.equal(farStore.lookUps, 0)
})

test('ending all of a principal ends those that have begun, but the one that is to stay', async () => {
  const { clock, here, there, restart } = servers()
  const untilMs = clock.now() + hourMs
  const marks = [await here.begin(keyOf('a'), untilMs), await there.begin(keyOf('b'), untilMs)] as const
  await here.endAll(tag, untilMs, keyOf('a'))
  const later = await there.begin(keyOf('c'), untilMs)
  for (const server of [here, there, restart()]) {
    assert.equal(server.isEnded(keyOf('a'), marks[0]), false)
    assert.equal(server.isEnded(keyOf('b'), marks[1]), true)
    assert.equal(server.isEnded(keyOf('c'), later), false)
  }
})

test('while the feed is cut the store is asked, or the answer is 503, as the rule says', async () => {
  for (const whenCut of ['look up', 'refuse', { acceptFor: '1m' }] as const) {
    const { clock, farStore, here, there } = servers(whenCut)
    const untilMs = clock.now() + hourMs
    const [kept, lost] = [await here.begin(keyOf('a'), untilMs), await here.begin(keyOf('b'), untilMs)]
    farStore.cut(true)
    await here.end(keyOf('b'), untilMs)
    // A request may have a rule of its own.
    if (whenCut !== 'refuse')
      assert.throws(() => there.isEnded(keyOf('a'), kept, 'refuse'), { code: 'REVOCATIONS_UNKNOWN' })
    else assert.equal(await there.isEnded(keyOf('b'), lost, 'look up'), true)
    if (whenCut === 'look up') {
      assert.equal(await there.isEnded(keyOf('a'), kept), false)
      assert.equal(await there.isEnded(keyOf('b'), lost), true)
      farStore.isUnavailable = true
      await assert.rejects(async () => there.isEnded(keyOf('a'), kept), { code: 'STORE_UNAVAILABLE' })
      continue
    }
    if (whenCut !== 'refuse') {
      assert.equal(there.isEnded(keyOf('a'), kept), false)
      clock.advance(60_001)
    }
    assert.throws(() => there.isEnded(keyOf('a'), kept), { code: 'REVOCATIONS_UNKNOWN', status: 503 })
    farStore.mend()
    assert.equal(there.isEnded(keyOf('b'), lost), true)
  }
})
