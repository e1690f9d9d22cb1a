// The SessionStore port on Redis. Reads are plain commands; writes are one script each, so each is atomic.
import type { Clock } from '../../base/clock.ts'
import type { RateCounter, RateHit } from '../../rate-limit/store.ts'
import { tagOf } from '../../session/id.ts'
import type {
  Forwarding,
  ListedSession,
  LoadedSession,
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  SessionStore,
  TextStore,
} from '../../session/store.ts'
import { noSum } from '../sum.ts'
import { idTaken } from '../unavailable.ts'
import { SessionCalls, conflict, gone, mostForwardings, noSumCode, taken, timeText } from './calls.ts'
import type { Answer, Code } from './calls.ts'
import { changeArguments } from './change.ts'
import type { RedisCommands } from './commands.ts'
import { defaultReplicaTimeoutMs } from './defaults.ts'
import { KeyNames, shareSlot } from './keys.ts'
import type { RedisLink } from './link.ts'
import { create, leadOn, moveAtOnce, moveInSteps } from './move.ts'
import { readListed } from './record.ts'
import { textOf } from './reply.ts'
import { deleteScript, hitScript, listScript, revokeAllScript, runScript, saveScript } from './script.ts'

export interface RedisStoreSettings {
  readonly link: RedisLink
  /** For what waits for replicas: on the same connection everything sent after it would wait along. Default: `link`. */
  readonly confirmingLink?: RedisLink
  readonly clock: Clock
  readonly keyPrefix: string
  /**
   * How many replicas must have a sign-in, a renewal, a deletion or a revocation before it is acknowledged; fewer in time
   * is STORE_UNAVAILABLE, the outcome unknown. Default: 0, which is right where there are none.
   */
  readonly replicas?: number
  /** How long to wait for them. Default: 200 ms, so that it is over before the operation's own time is. */
  readonly replicaTimeoutMs?: number
}

/** By then every session older than a mark is over: no policy lets one live longer, as no browser keeps its cookie (RFC 6265bis section 5.5). */
const markLifetimeMs = 400 * 24 * 60 * 60 * 1_000

export class RedisSessionStore implements SessionStore, TextStore, RateCounter {
  readonly #link: RedisLink
  readonly #confirming: RedisLink
  readonly #names: KeyNames
  readonly #calls: SessionCalls
  #closed: Promise<void> | undefined

  constructor(settings: RedisStoreSettings) {
    const { link, clock, keyPrefix, replicas = 0, replicaTimeoutMs = defaultReplicaTimeoutMs } = settings
    this.#link = link
    this.#confirming = settings.confirmingLink ?? link
    this.#names = new KeyNames(keyPrefix)
    this.#calls = new SessionCalls({ clock, names: this.#names, replicas, replicaTimeoutMs })
  }

  load(key: string): Promise<LoadedSession | undefined> {
    return this.#link.run('load the session', (redis) => this.#calls.load(redis, key))
  }

  async create(key: string, record: SessionRecord): Promise<void> {
    const answer = await this.#confirming.run('create the session', (redis) =>
      create(this.#calls, redis, key, record),
    )
    if (answer === taken) throw idTaken()
  }

  async save(key: string, change: SessionChange): Promise<SaveOutcome> {
    const values = [timeText(change.idleDeadlineMs), ...changeArguments(change)]
    const { code } = await this.#follow(this.#link, 'save the session', key, (redis, at) =>
      this.#calls.run(redis, saveScript, at, { values, isConfirmed: false }),
    )
    return outcomeOf(code)
  }

  async replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
    forwarding?: Forwarding,
  ): Promise<SaveOutcome> {
    const move = { newKey, identity, change, forwarding }
    return this.#confirming.run('replace the session', async (redis) => {
      const { code, at } = await this.#calls.follow(oldKey, (key) => {
        const isReachable = !this.#link.isCluster || shareSlot(key, newKey)
        return (isReachable ? moveAtOnce : moveInSteps)(this.#calls, redis, key, move)
      })
      const outcome = outcomeOf(code)
      if (outcome === 'saved' && at !== oldKey) await leadOn(this.#calls, redis, oldKey, move)
      return outcome
    })
  }

  async touch(key: string, idleDeadlineMs: number): Promise<void> {
    // A save of no field.
    await this.#follow(this.#link, 'touch the session', key, (redis, at) =>
      this.#calls.run(redis, saveScript, at, {
        values: [timeText(idleDeadlineMs), '0', '0', '0', '0', '0'],
        isConfirmed: false,
      }),
    )
  }

  async delete(key: string): Promise<void> {
    await this.#follow(this.#confirming, 'delete the session', key, (redis, at) =>
      this.#calls.run(redis, deleteScript, at, { values: [], isConfirmed: true }),
    )
  }

  async list(tag: string): Promise<readonly ListedSession[]> {
    return this.#link.run('list the sessions', async (redis) => {
      const keys = this.#names.principal(tag)
      const reply = await runScript(redis, { script: listScript, keys, values: [this.#calls.now()] })
      if (!Array.isArray(reply))
        throw new Error(`the script answered ${JSON.stringify(reply)}, wanted a list`)
      return reply.map((listed: unknown) => readListed(listed, tag))
    })
  }

  async revokeAll(tag: string, exceptKey?: string): Promise<void> {
    const keys = [...this.#names.principal(tag)]
    // Another principal's session is not in danger, and its key may be out of the script's reach.
    if (exceptKey !== undefined && tagOf(exceptKey) === tag) keys.push(this.#names.session(exceptKey))
    await this.#confirming.run('revoke the sessions', (redis) => {
      const values = [this.#calls.now(), String(markLifetimeMs), `${tag}.`, String(mostForwardings)]
      return this.#calls.runConfirmed(redis, { script: revokeAllScript, keys, values })
    })
  }

  readText(key: string): Promise<string | undefined> {
    return this.#link.run('read the record', async (redis) => textOf(await redis.get(key)))
  }

  async deleteText(key: string): Promise<void> {
    await this.#link.run('delete the record', (redis) => redis.del(key))
  }

  hit(key: string, takeUs: number, mostUs: number): Promise<RateHit> {
    return this.#link.run('count a hit', async (redis) => {
      const values = [String(Number(this.#calls.now()) * 1_000), String(takeUs), String(mostUs)]
      const reply = await runScript(redis, { script: hitScript, keys: [this.#names.counter(key)], values })
      const [isTaken, usedUs]: readonly unknown[] = Array.isArray(reply) ? reply : []
      return { isTaken: textOf(isTaken) === '1', usedUs: Number(textOf(usedUs)) }
    })
  }

  close(): Promise<void> {
    this.#closed ??= this.#closeLinks()
    return this.#closed
  }

  async #closeLinks(): Promise<void> {
    await Promise.all([this.#link.close(), this.#confirming.close()])
  }

  #follow(
    link: RedisLink,
    doing: string,
    key: string,
    act: (redis: RedisCommands, key: string) => Promise<Answer>,
  ): Promise<{ readonly code: Code }> {
    return link.run(doing, (redis) => this.#calls.follow(key, (at) => act(redis, at)))
  }
}

function outcomeOf(code: Code): SaveOutcome {
  if (code === taken) throw idTaken()
  if (code === noSumCode) throw noSum()
  if (code === gone) return 'gone'
  return code === conflict ? 'conflict' : 'saved'
}
