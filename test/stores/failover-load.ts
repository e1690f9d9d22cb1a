// Load for stores whose servers are killed under it, and a memory of what was acknowledged: at the end, and at each answer
// on the way, a store must not contradict what it once acknowledged.
import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { isDroverError } from '../../src/base/errors.ts'
import type { LoadedSession, SessionStore } from '../../src/session/store.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { change, identity, newKey, newPrincipal, record } from '../../src/testing/session-store/stage.ts'
import { until } from '../support/until.ts'

/** One session that was signed in and acknowledged. */
interface Alive {
  readonly key: string
  readonly tag: string
  readonly principal: string
}

/** What became of one call. */
type Answer<T> = { readonly isAnswered: true; readonly value: T } | { readonly isAnswered: false }

const workers = 50
/** So that fifty workers leave the processor to the servers. */
const breathMs = 10

export class FailoverLoad {
  answered = 0
  unavailable = 0
  slowestMs = 0
  readonly #stores: readonly SessionStore[]
  readonly #clock = new ManualClock()
  readonly #alive = new Map<string, Alive>()
  readonly #ended: string[] = []
  readonly #working: Promise<void>[] = []
  #signIns = 0
  #isStopping = false
  #contradiction: unknown
  #turn = 0

  /** Begins at once. */
  constructor(stores: readonly SessionStore[]) {
    this.#stores = stores
    for (let worker = 0; worker < workers; worker += 1) this.#working.push(this.#workOrTell())
  }

  /** Sign-ins that were acknowledged. Throws the first contradiction, as soon as there is one. */
  get signIns(): number {
    if (this.#contradiction !== undefined) throw this.#contradiction
    return this.#signIns
  }

  get acknowledgedAlive(): number {
    return this.#alive.size
  }

  get acknowledgedEnded(): number {
    return this.#ended.length
  }

  async stop(): Promise<void> {
    this.#isStopping = true
    await Promise.all(this.#working)
  }

  /** By every store: no acknowledged session is absent, and no ended one is back. To be called after `stop`. */
  async verify(): Promise<void> {
    if (this.#contradiction !== undefined) throw this.#contradiction
    for (const store of this.#stores) {
      for (const { key } of this.#alive.values()) {
        assert.ok((await finalAnswer(store, key)) !== undefined, 'an acknowledged session is absent')
      }
      for (const key of this.#ended) {
        assert.equal(await finalAnswer(store, key), undefined, 'an ended session is back')
      }
    }
  }

  async #workOrTell(): Promise<void> {
    try {
      await this.#work()
    } catch (error) {
      this.#contradiction ??= error
      this.#isStopping = true
    }
  }

  async #work(): Promise<void> {
    while (!this.#isStopping) {
      const session = await this.#signIn()
      if (session !== undefined) await this.#live(session)
      await pause(breathMs)
    }
  }

  async #signIn(): Promise<Alive | undefined> {
    const { principal, tag } = newPrincipal()
    const key = newKey(tag)
    const created = await this.#ask((store) => store.create(key, record(this.#clock, {}, { principal })))
    // Whether it exists is unknown otherwise, and so nothing is held against the store.
    if (!created.isAnswered) return undefined
    this.#signIns += 1
    const session = { key, tag, principal }
    this.#alive.set(key, session)
    return session
  }

  /** Uses the session some times, renews it, and ends it, or leaves every fourth one alive. */
  async #live(session: Alive): Promise<void> {
    for (let round = 0; round < 5 && !this.#isStopping; round += 1) {
      await this.#use(session, round)
      await pause(breathMs)
    }
    const fate = (this.#turn += 1) % 4
    if (fate === 0 || this.#isStopping) return
    const current = fate === 1 ? await this.#renew(session) : session
    if (current === undefined) return
    await this.#end(current, fate === 2)
  }

  async #use({ key }: Alive, round: number): Promise<void> {
    const saved = await this.#ask((store) => store.save(key, change(this.#clock, { round: String(round) })))
    if (saved.isAnswered) assert.equal(saved.value, 'saved', 'an acknowledged session is gone')
    const loaded = await this.#ask((store) => store.load(key))
    if (loaded.isAnswered) assert.ok(loaded.value !== undefined, 'an acknowledged session is absent')
  }

  async #renew(session: Alive): Promise<Alive | undefined> {
    const { principal, tag } = session
    const key = newKey(tag)
    this.#alive.delete(session.key)
    const owner = identity(this.#clock, { principal })
    const renewed = await this.#ask((store) =>
      store.replace(session.key, key, owner, change(this.#clock, {})),
    )
    // Which of the two keys is alive is unknown.
    if (!renewed.isAnswered) return undefined
    assert.equal(renewed.value, 'saved', 'an acknowledged session is gone')
    this.#ended.push(session.key)
    const current = { ...session, key }
    this.#alive.set(key, current)
    return current
  }

  /** Ends it, however often that has to be tried, and looks whether it stays ended. */
  async #end({ key, tag }: Alive, isRevoked: boolean): Promise<void> {
    this.#alive.delete(key)
    for (;;) {
      const ended = await this.#ask((store) => (isRevoked ? store.revokeAll(tag) : store.delete(key)))
      if (ended.isAnswered) break
      if (this.#isStopping) return
      await pause(breathMs)
    }
    this.#ended.push(key)
    const saved = await this.#ask((store) => store.save(key, change(this.#clock, { late: '1' })))
    if (saved.isAnswered) assert.equal(saved.value, 'gone', 'an ended session was saved')
    const loaded = await this.#ask((store) => store.load(key))
    if (loaded.isAnswered) assert.equal(loaded.value, undefined, 'an ended session is back')
  }

  async #ask<T>(call: (store: SessionStore) => Promise<T>): Promise<Answer<T>> {
    const store = this.#stores[(this.#turn += 1) % this.#stores.length]
    if (store === undefined) throw new Error('Cannot make load: there is no store')
    const startedMs = performance.now()
    try {
      const value = await call(store)
      this.answered += 1
      return { isAnswered: true, value }
    } catch (error) {
      if (!isDroverError(error, 'STORE_UNAVAILABLE')) throw error
      this.unavailable += 1
      return { isAnswered: false }
    } finally {
      this.slowestMs = Math.max(this.slowestMs, performance.now() - startedMs)
    }
  }
}

/** What a store says in the end, however often it has to be asked. */
async function finalAnswer(store: SessionStore, key: string): Promise<LoadedSession | undefined> {
  const answer = await until('answer', async () => {
    try {
      return { found: await store.load(key) }
    } catch (error) {
      if (isDroverError(error, 'STORE_UNAVAILABLE')) return undefined
      throw error
    }
  })
  return answer.found
}
