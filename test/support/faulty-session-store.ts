// Session stores with one fault each, for tests of the contract suite: a case that no fault fails proves nothing.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SessionStore, WatchingStore } from '../../src/session/store.ts'
import { MemorySessions } from '../../src/stores/memory/sessions.ts'
import { MemorySessionStore } from '../../src/stores/memory/store.ts'
import { withStage } from '../../src/testing/session-store/stage.ts'
import type { StagedCase } from '../../src/testing/session-store/stage.ts'
import type { ManualClock } from '../../src/testing/manual-clock.ts'

export { MemorySessions, MemorySessionStore }

type Store = SessionStore & WatchingStore

/** What a fault may use: the right store, and what it keeps. */
export interface Right {
  readonly store: MemorySessionStore
  readonly sessions: MemorySessions
  readonly clock: Pick<ManualClock, 'now'>
}

export interface Fault {
  /** The right store's methods that the fault replaces. */
  readonly instead: (right: Right) => Partial<Store>
  /** The case that is there for it. */
  readonly caughtBy: string
}

/**
 * Tests that a right store passes the cases, that each fault fails the case that is there for it, and that every case is
 * failed by some fault. `casesForFaulty` are the same cases, where they take less patience.
 */
export function proveCases(
  title: string,
  cases: readonly StagedCase[],
  faults: Readonly<Record<string, Fault>>,
  casesForFaulty: readonly StagedCase[] = cases,
): void {
  describe(title, () => {
    test('a right store passes every case', async () => {
      assert.deepEqual(await failures(cases, () => ({})), [])
    })

    const failed = new Set<string>()
    for (const [fault, { instead, caughtBy }] of Object.entries(faults)) {
      test(`a store is caught that ${fault}`, async () => {
        const names = await failures(casesForFaulty, instead)
        for (const name of names) failed.add(name)
        assert.ok(names.includes(caughtBy), `failed: ${names.join(' | ')}`)
      })
    }

    test('every case is failed by some fault', () => {
      assert.deepEqual(
        cases.map(({ name }) => name).filter((name) => !failed.has(name)),
        [],
      )
    })
  })
}

async function failures(cases: readonly StagedCase[], instead: Fault['instead']): Promise<readonly string[]> {
  const sessions = new MemorySessions()
  const failed: string[] = []
  for (const { name, play } of cases) {
    const playing = withStage((clock) => {
      const store = new MemorySessionStore(sessions, clock)
      return { ...methodsOf(store), ...instead({ store, sessions, clock }) }
    }, play)
    await playing.catch(() => failed.push(name))
  }
  return failed
}

/** A store's methods as an object's own, so that some can be replaced. */
export function methodsOf(store: MemorySessionStore): Store {
  return {
    load: (key) => store.load(key),
    create: (key, record) => store.create(key, record),
    save: (key, change) => store.save(key, change),
    replace: (...given) => store.replace(...given),
    touch: (key, idleDeadlineMs) => store.touch(key, idleDeadlineMs),
    delete: (key) => store.delete(key),
    list: (tag) => store.list(tag),
    revokeAll: (tag, exceptKey) => store.revokeAll(tag, exceptKey),
    close: () => store.close(),
    watch: (key, onEnd) => store.watch(key, onEnd),
  }
}
