import assert from 'node:assert/strict'
import { test } from 'node:test'
import { until } from '../../test/support/until.ts'
import { unavailable } from './unavailable.ts'
import { Watchers } from './watchers.ts'
import type { WatchedStore, Whereabouts } from './watchers.ts'

class SetClock {
  #nowMs = 1_000_000

  now(): number {
    return this.#nowMs
  }

  advance(byMs: number): void {
    this.#nowMs += byMs
  }
}

/** Sessions by key, as their deadlines; counts what it is asked. */
class Sessions implements WatchedStore {
  readonly alive = new Map<string, number>()
  readonly asked: number[] = []
  haveLeft = false
  isUnavailable = false
  turns = 0

  async haveAnyLeft(): Promise<boolean> {
    this.turns += 1
    this.#answer()
    const { haveLeft } = this
    this.haveLeft = false
    return haveLeft
  }

  async find(keys: readonly string[]): Promise<ReadonlyMap<string, Whereabouts>> {
    this.#answer()
    this.asked.push(keys.length)
    const found = new Map<string, Whereabouts>()
    for (const key of keys) {
      const idleDeadlineMs = this.alive.get(key)
      if (idleDeadlineMs !== undefined) found.set(key, { key, idleDeadlineMs })
    }
    return found
  }

  end(key: string): void {
    this.alive.delete(key)
    this.haveLeft = true
  }

  #answer(): void {
    if (this.isUnavailable) throw unavailable('watch the sessions', 'it is switched off')
  }
}

/** Waits until two more looks are over: the first may have been under way. */
async function lookTwice(watchers: Watchers, sessions: Sessions): Promise<void> {
  const { turns } = sessions
  await until('two more looks', () => {
    watchers.lookSoon()
    return sessions.turns > turns + 2
  })
}

test('Watchers: looks at few at a time, and at none while no session left and no deadline came', async () => {
  const [sessions, clock] = [new Sessions(), new SetClock()]
  const watchers = new Watchers(sessions, clock)
  const ended: string[] = []
  const keys = Array.from({ length: 600 }, (_, index) => `key ${index}`)
  for (const key of keys) {
    sessions.alive.set(key, clock.now() + 1_000)
    watchers.watch(key, () => ended.push(key))
  }
  await lookTwice(watchers, sessions)
  assert.deepEqual(sessions.asked, [256, 256, 88])
  await lookTwice(watchers, sessions)
  assert.equal(sessions.asked.length, 3)
  sessions.end('key 300')
  await until('end told', () => ended.length > 0)
  assert.deepEqual(ended, ['key 300'])
  assert.equal(sessions.asked.length, 6)
  // All but one were used meanwhile, which moved their deadlines; nobody told the watchers so.
  for (const key of keys.slice(1)) {
    if (sessions.alive.has(key)) sessions.alive.set(key, clock.now() + 2_000)
  }
  clock.advance(1_000)
  sessions.alive.delete('key 0')
  await until('expiry told', () => ended.length > 1)
  assert.deepEqual(ended, ['key 300', 'key 0'])
  watchers.close()
})

test('Watchers: while the store is unavailable nobody is told anything; what ended meanwhile is told afterwards', async () => {
  const [sessions, clock] = [new Sessions(), new SetClock()]
  const watchers = new Watchers(sessions, clock)
  const ended: string[] = []
  for (const key of ['a', 'b']) {
    sessions.alive.set(key, clock.now() + 1_000)
    watchers.watch(key, () => ended.push(key))
  }
  await lookTwice(watchers, sessions)
  sessions.isUnavailable = true
  sessions.end('a')
  clock.advance(5_000)
  await lookTwice(watchers, sessions)
  assert.deepEqual(ended, [])
  sessions.alive.set('b', clock.now() + 1_000)
  sessions.isUnavailable = false
  await until('end told', () => ended.length > 0)
  await lookTwice(watchers, sessions)
  assert.deepEqual(ended, ['a'])
  watchers.close()
})

test('Watchers: whoever stopped watching is not told, not even by a look that is under way', async () => {
  const [sessions, clock] = [new Sessions(), new SetClock()]
  const watchers = new Watchers(sessions, clock)
  const ended: string[] = []
  const stops = ['a', 'b'].map((key) => watchers.watch(key, () => ended.push(key)))
  sessions.haveAnyLeft = () => {
    stops[0]?.()
    return Promise.resolve(false)
  }
  await until('end told', () => ended.length > 0)
  assert.deepEqual(ended, ['b'])
  watchers.close()
  watchers.watch('c', () => ended.push('c'))
  await sessions.find([])
  assert.deepEqual(ended, ['b'])
})
