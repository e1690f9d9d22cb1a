import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { LoadedSession } from '../../session/store.ts'
import { ManualClock } from '../../testing/manual-clock.ts'
import { KeyNames } from './keys.ts'
import { SessionWatches } from './watch.ts'

const names = new KeyNames('')
const tag = 'A'.repeat(16)
const [markKey] = names.principal(tag)

const alive: LoadedSession = {
  principal: undefined,
  device: undefined,
  ip: undefined,
  createdAtMs: 0,
  absoluteDeadlineMs: 1e12,
  idleDeadlineMs: 1e12,
  fields: new Map(),
}

/** Sessions as a server has them; answers come when the test lets them, if it holds them. */
class Server {
  readonly sessions = new Map<string, LoadedSession>()
  readonly asked: string[] = []
  isHolding = false
  readonly #held: (() => void)[] = []

  readonly load = async (key: string): Promise<LoadedSession | undefined> => {
    this.asked.push(key)
    const answer = this.sessions.get(key)
    if (this.isHolding) await new Promise<void>((resolve) => this.#held.push(resolve))
    return answer
  }

  letGo(): void {
    for (const resolve of this.#held.splice(0)) resolve()
  }
}

function newWatches(server: Server): SessionWatches {
  const clock = new ManualClock(0)
  return new SessionWatches({ load: server.load, names, clock, random: () => 0, pollIntervalMs: undefined })
}

/** All that was begun has been done. */
async function quiet(): Promise<void> {
  await new Promise(setImmediate)
}

describe('SessionWatches', () => {
  test('looks once to begin with, and again when a key of it changes, not when others do', async () => {
    const [server, key] = [new Server(), `${tag}.${'x'.repeat(43)}`]
    const watches = newWatches(server)
    server.sessions.set(key, alive)
    watches.watch(key, () => assert.fail('it is alive'))
    await quiet()
    assert.equal(server.asked.length, 1)
    for (const changed of [names.session(key), markKey, undefined, 'other']) {
      watches.onChanged(changed)
      await quiet()
    }
    assert.equal(server.asked.length, 4)
    watches.close()
  })

  test('a change while it is looked at is looked at afterwards', async () => {
    const [server, ends] = [new Server(), [0]]
    const watches = newWatches(server)
    server.sessions.set('k', alive)
    server.isHolding = true
    watches.watch('k', () => ends.push(1))
    server.sessions.delete('k')
    watches.onChanged(names.session('k'))
    server.isHolding = false
    server.letGo()
    await quiet()
    assert.deepEqual([server.asked.length, ends.length], [2, 2])
    assert.equal(watches.size, 0)
  })

  test('a renewed session is watched under its new key, together with whoever watches that', async () => {
    const [server, ends] = [new Server(), new Array<string>()]
    const watches = newWatches(server)
    server.sessions.set('old', { ...alive, successor: { key: 'new', sealedId: '' } })
    server.sessions.set('new', alive)
    watches.watch('old', () => ends.push('old'))
    const leave = watches.watch('old', () => ends.push('left'))
    watches.watch('new', () => ends.push('new'))
    await quiet()
    assert.equal(watches.size, 1)
    leave()
    server.sessions.clear()
    watches.onChanged(names.session('new'))
    await quiet()
    assert.deepEqual(ends.toSorted(), ['new', 'old'])
    assert.equal(watches.size, 0)
  })

  test('whoever leaves while it is looked at is not told, and nothing is kept of it', async () => {
    const server = new Server()
    const watches = newWatches(server)
    server.isHolding = true
    const leave = watches.watch('k', () => assert.fail('it left'))
    leave()
    leave()
    server.letGo()
    await quiet()
    assert.equal(watches.size, 0)
  })

  test('a lost connection has all of them looked at, some at a time', async () => {
    const server = new Server()
    const watches = newWatches(server)
    const keys = Array.from({ length: 200 }, (_, at) => `key ${at}`)
    for (const key of keys) server.sessions.set(key, alive)
    for (const key of keys) watches.watch(key, () => assert.fail('it is alive'))
    await quiet()
    server.isHolding = true
    server.asked.length = 0
    watches.onLost()
    assert.equal(server.asked.length, 64)
    server.isHolding = false
    server.letGo()
    await quiet()
    assert.deepEqual(server.asked.toSorted(), keys.toSorted())
    watches.close()
  })

  test('after close nobody is told, whatever comes in late', async () => {
    const server = new Server()
    const watches = newWatches(server)
    server.isHolding = true
    watches.watch('k', () => assert.fail('it is closed'))
    watches.close()
    server.letGo()
    await quiet()
    watches.watch('k', () => assert.fail('it is closed'))
    assert.equal(server.asked.length, 1)
  })
})
