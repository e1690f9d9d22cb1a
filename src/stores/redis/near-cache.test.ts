import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LoadedSession } from '../../session/store.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { nearCacheDefaults } from './defaults.ts'
import type { NearCacheLimits } from './defaults.ts'
import { KeyNames } from './keys.ts'
import { NearCache } from './near-cache.ts'

const names = new KeyNames('')
const clock = new ManualClock(1_000)
const tag = 'A'.repeat(16)
const memberKey = (letter: string) => `${tag}.${letter.repeat(43)}`
const [markKey] = names.principal(tag)

function newCache(limits: Partial<NearCacheLimits> = {}): NearCache {
  return new NearCache({ limits: { ...nearCacheDefaults, ...limits }, names, clock })
}

function session(text = '1', given: Partial<LoadedSession> = {}): LoadedSession {
  return {
    principal: 'ann',
    device: undefined,
    ip: undefined,
    createdAtMs: 0,
    absoluteDeadlineMs: 9_000,
    idleDeadlineMs: 9_000,
    fields: new Map([['a', text]]),
    ...given,
  }
}

/** A server whose answers come when the test lets them. */
class Server {
  asked = 0
  answer: LoadedSession | undefined = session()
  #held: (() => void)[] | undefined

  readonly load = async (): Promise<LoadedSession | undefined> => {
    this.asked += 1
    const { answer } = this
    if (this.#held !== undefined) await new Promise<void>((resolve) => this.#held?.push(resolve))
    return answer
  }

  hold(): void {
    this.#held = []
  }

  letGo(): void {
    for (const resolve of this.#held ?? []) resolve()
    this.#held = undefined
  }
}

describe('NearCache', () => {
  test('a second read asks nobody and is given the very same record', async () => {
    const [cache, server] = [newCache(), new Server()]
    const first = await cache.read('k', server.load)
    assert.equal(await cache.read('k', server.load), first)
    assert.equal(server.asked, 1)
  })

  test('reads at once share one answer; one that fails is asked again', async () => {
    const [cache, server] = [newCache(), new Server()]
    server.hold()
    const reads = [cache.read('k', server.load), cache.read('k', server.load)]
    server.letGo()
    const [first, second] = await Promise.all(reads)
    assert.equal(first, second)
    const failing = () => Promise.reject(new Error('down'))
    await assert.rejects(cache.read('other', failing), /down/)
    assert.ok((await cache.read('other', server.load)) !== undefined)
    assert.equal(server.asked, 2)
  })

  test('absent and renewed sessions are not kept', async () => {
    const [cache, server] = [newCache(), new Server()]
    for (const answer of [undefined, session('1', { successor: { key: 'next', sealedId: '' } })]) {
      server.answer = answer
      assert.equal(await cache.read('k', server.load), answer)
    }
    assert.equal(server.asked, 2)
    assert.equal(cache.size, 0)
  })

  test('a change of the session, of its principal, or of anything drops it', async () => {
    const [cache, server] = [newCache(), new Server()]
    const key = memberKey('a')
    for (const changed of [names.session(key), markKey, undefined]) {
      await cache.read(key, server.load)
      cache.onChanged('another key')
      await cache.read(key, server.load)
      const { asked } = server
      cache.onChanged(changed)
      await cache.read(key, server.load)
      assert.equal(server.asked, asked + 1)
    }
  })

  for (const [what, disturb] of [
    ['its session changes', (cache: NearCache) => cache.onChanged(names.session(memberKey('a')))],
    ['its principal is revoked', (cache: NearCache) => cache.onChanged(markKey)],
    ['anything may have changed', (cache: NearCache) => cache.onChanged(undefined)],
    ['the connection is lost', (cache: NearCache) => cache.onLost()],
    ['this server writes', (cache: NearCache) => void cache.around([memberKey('a')], async () => undefined)],
    ['this server revokes', (cache: NearCache) => void cache.aroundAll(tag, async () => undefined)],
  ] as const) {
    test(`a read during which ${what} is not kept, nor shared with a read that comes after`, async () => {
      const [cache, server] = [newCache(), new Server()]
      const key = memberKey('a')
      server.hold()
      const early = cache.read(key, server.load)
      disturb(cache)
      server.answer = session('2')
      const late = cache.read(key, server.load)
      server.letGo()
      assert.equal((await early)?.fields.get('a'), '1')
      assert.equal((await late)?.fields.get('a'), '2')
      assert.equal((await cache.read(key, server.load))?.fields.get('a'), '2')
    })
  }

  test('own writes under the old key of a renewed session drop what is known of the new one', async () => {
    const [cache, server] = [newCache(), new Server()]
    server.answer = session('1', { successor: { key: 'new', sealedId: '' } })
    await cache.read('old', server.load)
    server.answer = session('1')
    await cache.read('new', server.load)
    server.answer = session('2')
    await cache.around(['old'], async () => undefined)
    assert.equal((await cache.read('new', server.load))?.fields.get('a'), '2')
  })

  test('a session past its deadline is asked for again: it may have been used elsewhere', async () => {
    const [cache, server, own] = [newCache(), new Server(), new ManualClock(1_000)]
    const timed = new NearCache({ limits: nearCacheDefaults, names, clock: own })
    server.answer = session('1', { idleDeadlineMs: 1_500 })
    await timed.read('k', server.load)
    own.advance(499)
    await timed.read('k', server.load)
    assert.equal(server.asked, 1)
    own.advance(1)
    await timed.read('k', server.load)
    assert.equal(server.asked, 2)
    assert.equal(cache.size, 0)
  })

  test('bounded in sessions: the least recently used goes first', async () => {
    const [cache, server] = [newCache({ maxSessions: 2 }), new Server()]
    for (const key of ['a', 'b', 'a', 'c']) await cache.read(key, server.load)
    assert.equal(server.asked, 3)
    await cache.read('a', server.load)
    assert.equal(server.asked, 3)
    await cache.read('b', server.load)
    assert.equal(server.asked, 4)
    assert.equal(cache.size, 2)
  })

  test('bounded in bytes, which are given back; what is larger than all is not kept', async () => {
    const [cache, server] = [newCache({ maxBytes: 10_000 }), new Server()]
    server.answer = session('x'.repeat(1_000))
    for (let at = 0; at < 20; at += 1) await cache.read(String(at), server.load)
    assert.ok(cache.size > 1 && cache.size < 5 && cache.bytes <= 10_000)
    server.answer = session('x'.repeat(10_000))
    await cache.read('large', server.load)
    await cache.read('large', server.load)
    assert.equal(server.asked, 22)
    for (let at = 0; at < 20; at += 1) cache.onChanged(names.session(String(at)))
    assert.deepEqual([cache.size, cache.bytes], [0, 0])
  })
})
