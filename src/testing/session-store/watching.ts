// Being told of a session's end without asking.
import assert from 'node:assert/strict'
import type { SessionStore, WatchingStore } from '../../session/store.ts'
import { change, forwarding, identity, newKey, newPrincipal, record } from './stage.ts'
import type { Principal, Stage, StagedCase } from './stage.ts'

/** One watched session. */
class Watched {
  readonly key: string
  readonly stop: () => void
  /** How often its end was told. */
  times = 0
  #onFirst: (() => void) | undefined

  constructor(store: SessionStore & WatchingStore, key: string) {
    this.key = key
    this.stop = store.watch(key, () => {
      this.times += 1
      this.#onFirst?.()
    })
  }

  /** Resolves when the end is told; fails when it is not within the time. */
  async told(withinMs: number): Promise<void> {
    if (this.times > 0) return
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new assert.AssertionError({ message: `the end was not told within ${withinMs} ms` }))
      }, withinMs)
      this.#onFirst = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}

export function isWatching(store: SessionStore): store is SessionStore & WatchingStore {
  return 'watch' in store && typeof store.watch === 'function'
}

async function watched({ here, clock }: Stage, { principal, tag }: Principal): Promise<Watched> {
  assert.ok(isWatching(here), 'the harness says that the store watches, and it has no watch')
  const key = newKey(tag)
  await here.create(key, record(clock, {}, { principal }))
  return new Watched(here, key)
}

/** Waits until an end that comes later was told, so that earlier ones would have been. */
async function passTime(stage: Stage, withinMs: number): Promise<void> {
  const later = await watched(stage, newPrincipal('later'))
  await stage.there.delete(later.key)
  await later.told(withinMs)
}

/** For stores without `watch`: that it is not forgotten in the harness. */
export const unwatchedCases: readonly StagedCase[] = [
  {
    name: 'watch: a store that has it says so in its harness (watchWithinMs)',
    async play({ here }) {
      assert.ok(!isWatching(here), 'the store has a watch: set watchWithinMs in the harness')
    },
  },
]

export function watchCases(withinMs: number): readonly StagedCase[] {
  return [
    {
      name: 'watch: a session that is deleted, here or by another server, is told once, and no other is',
      async play(stage) {
        const ann = newPrincipal()
        const [mine, others, kept] = [
          await watched(stage, ann),
          await watched(stage, ann),
          await watched(stage, ann),
        ]
        await stage.here.delete(mine.key)
        await stage.there.delete(others.key)
        await Promise.all([mine.told(withinMs), others.told(withinMs)])
        await stage.there.delete(others.key)
        await stage.there.revokeAll(ann.tag, kept.key)
        await passTime(stage, withinMs)
        assert.deepEqual([mine.times, others.times, kept.times], [1, 1, 0])
      },
    },
    {
      name: 'watch: everybody who watches a session is told of its end',
      async play(stage) {
        const { here, there } = stage
        const first = await watched(stage, newPrincipal())
        assert.ok(isWatching(here) && isWatching(there))
        const all = [first, new Watched(here, first.key), new Watched(there, first.key)]
        await there.delete(first.key)
        await Promise.all(all.map((one) => one.told(withinMs)))
      },
    },
    {
      name: 'watch: revokeAll by another server is told of every session, but not of the excepted one',
      async play(stage) {
        const [ann, bob] = [newPrincipal('ann'), newPrincipal('bob')]
        const [one, two, kept, other] = [
          await watched(stage, ann),
          await watched(stage, ann),
          await watched(stage, ann),
          await watched(stage, bob),
        ]
        await stage.there.revokeAll(ann.tag, kept.key)
        await Promise.all([one.told(withinMs), two.told(withinMs)])
        await passTime(stage, withinMs)
        assert.deepEqual([one.times, two.times, kept.times, other.times], [1, 1, 0, 0])
        await stage.there.revokeAll(ann.tag)
        await kept.told(withinMs)
        assert.equal(other.times, 0)
      },
    },
    {
      name: 'watch: a renewal is no end; the end of the successor is',
      async play(stage) {
        const { here, there, clock } = stage
        const ann = newPrincipal()
        const [deleted, revoked] = [await watched(stage, ann), await watched(stage, ann)]
        const owner = identity(clock, { principal: ann.principal })
        const newKeys = [newKey(ann.tag), newKey(ann.tag)] as const
        await there.replace(deleted.key, newKeys[0], owner, change(clock, {}), forwarding(clock))
        await here.replace(revoked.key, newKeys[1], owner, change(clock, {}), forwarding(clock))
        await passTime(stage, withinMs)
        assert.deepEqual([deleted.times, revoked.times], [0, 0])
        await there.delete(newKeys[0])
        await deleted.told(withinMs)
        await there.revokeAll(ann.tag)
        await revoked.told(withinMs)
        assert.deepEqual([deleted.times, revoked.times], [1, 1])
      },
    },
    {
      name: 'watch: an old key that is forwarded watches its successor',
      async play(stage) {
        const { here, there, clock } = stage
        const { principal, tag } = newPrincipal()
        const [oldKey, newerKey] = [newKey(tag), newKey(tag)]
        await here.create(oldKey, record(clock, {}, { principal }))
        const owner = identity(clock, { principal })
        await here.replace(oldKey, newerKey, owner, change(clock, {}), forwarding(clock))
        assert.ok(isWatching(here))
        const late = new Watched(here, oldKey)
        await passTime(stage, withinMs)
        assert.equal(late.times, 0)
        await there.delete(newerKey)
        await late.told(withinMs)
      },
    },
    {
      name: 'watch: a session that ended just before is told too',
      async play(stage) {
        const { here, there, clock } = stage
        const [never, deleted] = [newKey(), newKey()]
        await here.create(deleted, record(clock))
        await there.delete(deleted)
        assert.ok(isWatching(here))
        const [one, two] = [new Watched(here, never), new Watched(here, deleted)]
        await Promise.all([one.told(withinMs), two.told(withinMs)])
      },
    },
    {
      name: 'watch: whoever stopped is not told, as often as it stops, and others are',
      async play(stage) {
        const { here, there } = stage
        const stopped = await watched(stage, newPrincipal())
        assert.ok(isWatching(here))
        const going = new Watched(here, stopped.key)
        stopped.stop()
        stopped.stop()
        await there.delete(stopped.key)
        await going.told(withinMs)
        await passTime(stage, withinMs)
        going.stop()
        assert.deepEqual([stopped.times, going.times], [0, 1])
      },
    },
  ]
}
