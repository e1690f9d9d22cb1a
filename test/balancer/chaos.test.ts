// Everything at once, by seed: instances that die at any byte, clients that leave at any moment, a roster that changes.
// What must hold whatever happens: no answer is wrong or short and looks whole, no effect is made twice, nothing is kept.
import assert from 'node:assert/strict'
import { request as startRequest } from 'node:http'
import { test, type TestContext } from 'node:test'
import { startBalancer } from './support/balancer.ts'
import { readAnswer } from './support/client.ts'
import { startRawInstance, type RawConnection, type TestInstance } from './support/instance.ts'
import { seededRandom } from '../../src/base/random.ts'

type Random = () => number

const pick = <T>(random: Random, list: readonly [T, ...T[]]): T =>
  list[Math.floor(random() * list.length)] ?? list[0]

/** What the answer to a path must be: its own text, at a length of its own. */
function wanted(path: string): string {
  return `${path} `.repeat(1 + (Number(path.slice(1)) % 40) * 60)
}

function responseTo(path: string, random: Random): { text: string; closes: boolean } {
  const body = wanted(path)
  switch (pick(random, ['length', 'chunks', 'close'])) {
    case 'length':
      return {
        text: `HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        closes: random() < 0.3,
      }
    case 'close':
      return { text: `HTTP/1.1 200 OK\r\n\r\n${body}`, closes: true }
    default: {
      const half = Math.floor(body.length / 2)
      const chunks = [body.slice(0, half), body.slice(half)].filter((part) => part !== '')
      const framed = chunks.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')
      return {
        text: `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${framed}0\r\n\r\n`,
        closes: false,
      }
    }
  }
}

/** Writes in random pieces; with `deathAt`, resets after that many bytes. */
async function say(connection: RawConnection, text: string, deathAt: number, random: Random): Promise<void> {
  const { socket } = connection
  for (let from = 0; from < text.length && from < deathAt;) {
    const to = Math.min(text.length, deathAt, from + 1 + Math.floor(random() * 2_000))
    await new Promise((resolve) => socket.write(text.slice(from, to), resolve))
    if (random() < 0.2) await new Promise((resolve) => setTimeout(resolve, random() * 3))
    from = to
  }
  if (deathAt < text.length) socket.resetAndDestroy()
}

interface World {
  readonly random: Random
  /** How often each path was acted on. */
  readonly effects: Map<string, number>
}

function startInstance(t: TestContext, id: string, deathRate: number, world: World): Promise<TestInstance> {
  const { random, effects } = world
  const lastIndexes = new WeakMap<object, number>()
  return startRawInstance(t, id, (connection, head, index) => {
    lastIndexes.set(connection, index)
    const path = head.split(' ')[1] ?? ''
    effects.set(path, (effects.get(path) ?? 0) + 1)
    const { text, closes } = responseTo(path, random)
    const deathAt = random() < deathRate ? Math.floor(random() * text.length) : Infinity
    void say(connection, text, deathAt, random).then(() => {
      // An end in the middle of the next answer would be a lie of the instance's own.
      if (closes && lastIndexes.get(connection) === index) connection.socket.end()
    })
  })
}

/** One request: the answer's status, or `gone` when it was cut or the client left. */
async function visit(port: number, method: string, path: string, world: World): Promise<number | 'gone'> {
  const leavesAfterMs = world.random() < 0.1 ? world.random() * 10 : undefined
  let hasLeft = false
  try {
    return await new Promise((resolve, reject) => {
      const request = startRequest({ host: '127.0.0.1', port, method, path, agent: false })
      request.on('error', reject)
      request.once('response', (response) => {
        readAnswer(response).then(({ status, text }) => {
          // Node ends the answer quietly for a client that destroyed its own request.
          if (hasLeft) resolve('gone')
          else if (status !== 200 || text === wanted(path)) resolve(status)
          else
            reject(
              new assert.AssertionError({ message: `${method} ${path}: ${text.length} bytes look whole` }),
            )
        }, reject)
      })
      request.end(method === 'PUT' || method === 'POST' ? 'body' : undefined)
      if (leavesAfterMs === undefined) return
      setTimeout(() => {
        hasLeft = true
        request.destroy()
      }, leavesAfterMs)
    })
  } catch (error) {
    if (error instanceof assert.AssertionError) throw error
    return 'gone'
  }
}

const modes = [
  {
    title: 'replies held until complete',
    limits: { holdTimeMs: 1_000_000, holdBytes: 10_000_000 },
    mayReset: false,
  },
  { title: 'replies passed early', limits: { holdTimeMs: 1, holdBytes: 1_000 }, mayReset: true },
]

for (const { title, limits, mayReset } of modes) {
  test(`with ${title}, no answer is wrong, no effect is doubled and nothing is kept, whatever dies`, async (t) => {
    const seed = Math.floor(Math.random() * 2 ** 31)
    t.diagnostic(`seed ${seed}`)
    const world: World = { random: seededRandom(seed), effects: new Map() }
    const balancer = await startBalancer(t, { limits, random: world.random })
    const good = await startInstance(t, 'good', 0, world)
    const bad = [await startInstance(t, 'bad 1', 0.5, world), await startInstance(t, 'bad 2', 0.5, world)]
    balancer.use(good, ...bad)
    const outcomes = new Map<string, number>()
    let last = 0
    const visitor = async () => {
      for (let index = 0; index < 60; index++) {
        const method = pick(world.random, ['GET', 'GET', 'PUT', 'POST'])
        const path = `/${++last}`
        const outcome = await visit(balancer.port, method, path, world)
        const name = `${method} ${outcome}`
        outcomes.set(name, (outcomes.get(name) ?? 0) + 1)
        if (method === 'POST')
          assert.ok((world.effects.get(path) ?? 0) <= 1, `POST ${path} was acted on twice`)
        if (world.random() < 0.05) balancer.use(good, ...bad.filter(() => world.random() < 0.7))
      }
    }
    await Promise.all(Array.from({ length: 8 }, visitor))
    t.diagnostic(`outcomes ${JSON.stringify(Object.fromEntries(outcomes))}`)
    // Two bad instances and a good one: three attempts always find it, and only a client that left is gone.
    assert.equal(outcomes.get('GET 502'), undefined)
    assert.equal(outcomes.get('PUT 502'), undefined)
    assert.ok((outcomes.get('GET 200') ?? 0) > 100)
    if (!mayReset) assert.ok((outcomes.get('GET gone') ?? 0) < 60, 'more were cut than left')
    await balancer.quiet()
  })
}
