// Sessions put into Redis by the thousand, through Drover's store or as connect-redis keeps them.
import { randomBytes } from 'node:crypto'
import { keyOf, newSessionId, principalTag } from '../src/session/id.ts'
import { redisSessionStore } from '../src/stores/redis/index.ts'
import { openConnectRedis } from './contenders/connect-redis/sessions.ts'
import { connectTo, countCommands, startRedis, type RedisClient } from './redis.ts'
import { sample, signedInFrom } from './session-sample.ts'
import type { Stage } from './stage.ts'

export interface StoreLoad {
  /** Stores so many sessions more, a visitor's where nobody is signed in; the keys of the first of them. */
  fill(count: number, principalOf: ((index: number) => string) | undefined): Promise<readonly string[]>
  readAny(): Promise<void>
  /** Of all that Redis holds, above what it held when it was empty. */
  bytesPerSession(): Promise<number>
  /** Ends all sessions of a principal, who has those with `keys`; rejects unless they ended. */
  revokeAll(principal: string, keys: readonly string[]): Promise<Revocation>
  /** Takes away what only lists a principal's sessions; the bytes that it took per session. */
  dropIndex(): Promise<number>
  clear(): Promise<void>
}

export interface Revocation {
  readonly tookMs: number
  /** Sent to Redis. */
  readonly commands: number
}

/** What a library does to its own records. */
export interface SessionKeeper {
  /** Stores a session; its key, as `has` wants it. */
  put(principal: string | undefined): Promise<string>
  has(key: string): Promise<boolean>
  revokeAll(principal: string): Promise<void>
}

class KeptSessions implements StoreLoad {
  readonly #keeper: SessionKeeper
  readonly #redis: RedisClient
  readonly #url: string
  readonly #stage: Stage
  #emptyBytes: number
  #count = 0
  /** Of all sessions: a million keys in here would have this process's garbage collections be measured as reads. */
  #sample: string[] = []

  constructor(stage: Stage, url: string, redis: RedisClient, keeper: SessionKeeper, emptyBytes: number) {
    this.#stage = stage
    this.#url = url
    this.#redis = redis
    this.#keeper = keeper
    this.#emptyBytes = emptyBytes
  }

  async fill(
    count: number,
    principalOf: ((index: number) => string) | undefined,
  ): Promise<readonly string[]> {
    const first: string[] = []
    let next = 0
    const work = async () => {
      while (next < count) {
        const index = next++
        const key = await this.#keeper.put(principalOf?.(index))
        if (first.length < mostFirstKeys) first.push(key)
        this.#take(key)
        if (index % 1000 === 0) this.#stage.signal.throwIfAborted()
      }
    }
    await Promise.all(Array.from({ length: atOnce }, work))
    return first
  }

  /** Each of all sessions is as likely to be in the sample. */
  #take(key: string): void {
    this.#count += 1
    const place =
      this.#sample.length < sampleSize ? this.#sample.length : Math.floor(Math.random() * this.#count)
    if (place < sampleSize) this.#sample[place] = key
  }

  async readAny(): Promise<void> {
    const key = this.#sample[Math.floor(Math.random() * this.#sample.length)] ?? ''
    if (!(await this.#keeper.has(key))) throw new Error('Cannot read a session: it is not there')
  }

  async bytesPerSession(): Promise<number> {
    return ((await usedBytes(this.#redis)) - this.#emptyBytes) / this.#count
  }

  async revokeAll(principal: string, keys: readonly string[]): Promise<Revocation> {
    let tookMs = 0
    const commands = await countCommands(this.#stage, this.#url, async () => {
      const startMs = performance.now()
      await this.#keeper.revokeAll(principal)
      tookMs = performance.now() - startMs
    })
    const left = await Promise.all(keys.map((key) => this.#keeper.has(key)))
    if (left.includes(true)) throw new Error(`Cannot end the sessions of ${principal}: some still live`)
    this.#count -= keys.length
    return { tookMs, commands }
  }

  async dropIndex(): Promise<number> {
    const before = await usedBytes(this.#redis)
    let cursor = '0'
    do {
      const command = ['SCAN', cursor, 'MATCH', '*}:list', 'COUNT', '1000']
      const reply = await this.#redis.sendCommand(command)
      const [next, keys]: readonly unknown[] = Array.isArray(reply) ? reply : []
      cursor = String(next)
      if (Array.isArray(keys) && keys.length > 0) await this.#redis.sendCommand(['DEL', ...keys.map(String)])
    } while (cursor !== '0')
    return (before - (await usedBytes(this.#redis))) / this.#count
  }

  async clear(): Promise<void> {
    await this.#redis.sendCommand(['FLUSHALL', 'SYNC'])
    this.#count = 0
    this.#sample = []
    this.#emptyBytes = await usedBytes(this.#redis)
  }
}

const atOnce = 64
const sampleSize = 10_000
const mostFirstKeys = 1_000

export async function openLoads(stage: Stage): Promise<readonly [ours: StoreLoad, theirs: StoreLoad]> {
  return [await open(stage, openDrover), await open(stage, openConnectRedis)]
}

async function open(
  stage: Stage,
  openKeeper: (stage: Stage, url: string) => SessionKeeper | Promise<SessionKeeper>,
): Promise<StoreLoad> {
  const { url } = await startRedis(stage)
  const redis = await connectTo(stage, url)
  const keeper = await openKeeper(stage, url)
  // What connections and scripts take, and what grows with the first keys, is no session's.
  await keeper.put('first')
  await keeper.revokeAll('first')
  await redis.sendCommand(['FLUSHALL', 'SYNC'])
  return new KeptSessions(stage, url, redis, keeper, await usedBytes(redis))
}

async function usedBytes(redis: RedisClient): Promise<number> {
  const info = String(await redis.sendCommand(['INFO', 'memory']))
  const match = /^used_memory:(\d+)/m.exec(info)
  if (match === null) throw new Error('Cannot tell what Redis uses: INFO does not say')
  return Number(match[1])
}

/** The peers wait for their store without end; ours must not be the only one to lose patience. */
const patience = { operationTimeoutMs: 30_000 }
const idleMs = 86_400_000

function openDrover(stage: Stage, url: string): SessionKeeper {
  const store = redisSessionStore(url, patience)
  stage.onClear(() => store.close())
  return {
    put: async (principal) => {
      const tag = principal === undefined ? undefined : principalTag(principal)
      const key = keyOf(newSessionId(randomBytes, tag))
      const createdAtMs = Date.now()
      const where = principal === undefined ? {} : signedInFrom
      await store.create(key, {
        principal,
        device: undefined,
        ip: undefined,
        ...where,
        createdAtMs,
        idleDeadlineMs: createdAtMs + idleMs,
        absoluteDeadlineMs: createdAtMs + 30 * idleMs,
        fields: new Map(Object.entries(sample()).map(([name, value]) => [name, JSON.stringify(value)])),
      })
      return key
    },
    has: async (key) => (await store.load(key)) !== undefined,
    revokeAll: (principal) => store.revokeAll(principalTag(principal)),
  }
}
