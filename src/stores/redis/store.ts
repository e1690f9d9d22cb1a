// The SessionStore port on one Redis server. Reads are one plain command; writes are one script, so each is atomic.
import type { Clock } from '../../base/clock.ts'
import type {
  SaveOutcome,
  SessionChange,
  SessionIdentity,
  SessionRecord,
  SessionStore,
} from '../../session/store.ts'
import { isOver, wholeDeadlineMs } from '../deadlines.ts'
import { idTaken } from '../unavailable.ts'
import type { RedisLink } from './link.ts'
import { hashField, identityText, readRecord } from './record.ts'
import { createScript, replaceScript, runScript, saveScript } from './script.ts'
import type { Script } from './script.ts'

export interface RedisStoreSettings {
  readonly link: RedisLink
  readonly clock: Clock
  readonly keyPrefix: string
}

/** What the scripts answer. */
const saved = 1
const gone = 0
const taken = -1

export class RedisSessionStore implements SessionStore {
  readonly #link: RedisLink
  readonly #clock: Clock
  readonly #keyPrefix: string
  #closed: Promise<void> | undefined

  constructor(settings: RedisStoreSettings) {
    this.#link = settings.link
    this.#clock = settings.clock
    this.#keyPrefix = settings.keyPrefix
  }

  load(key: string): Promise<SessionRecord | undefined> {
    const redisKey = this.#keyPrefix + key
    return this.#link.run('load the session', async (redis) => {
      const record = readRecord(await redis.hGetAll(redisKey))
      // Redis removes it by its own clock, a little sooner or later.
      return record === undefined || isOver(record.idleDeadlineMs, this.#clock.now()) ? undefined : record
    })
  }

  async create(key: string, record: SessionRecord): Promise<void> {
    const code = await this.#script(
      'create the session',
      createScript,
      [key],
      [
        deadlineText(record.idleDeadlineMs),
        deadlineText(record.absoluteDeadlineMs),
        identityText(record),
        ...flatFields(record.fields),
      ],
    )
    if (code === taken) throw idTaken()
  }

  async save(key: string, change: SessionChange): Promise<SaveOutcome> {
    const values = [deadlineText(change.idleDeadlineMs), ...changeValues(change)]
    const code = await this.#script('save the session', saveScript, [key], values)
    return code === gone ? 'gone' : 'saved'
  }

  async replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
  ): Promise<SaveOutcome> {
    const code = await this.#script(
      'replace the session',
      replaceScript,
      [oldKey, newKey],
      [
        deadlineText(change.idleDeadlineMs),
        deadlineText(identity.absoluteDeadlineMs),
        identityText(identity),
        ...changeValues(change),
      ],
    )
    if (code === taken) throw idTaken()
    return code === gone ? 'gone' : 'saved'
  }

  async touch(key: string, idleDeadlineMs: number): Promise<void> {
    // A save of no field.
    await this.#script('touch the session', saveScript, [key], [deadlineText(idleDeadlineMs), '0'])
  }

  async delete(key: string): Promise<void> {
    await this.#link.run('delete the session', (redis) => redis.del(this.#keyPrefix + key))
  }

  close(): Promise<void> {
    this.#closed ??= this.#link.close()
    return this.#closed
  }

  #script(
    doing: string,
    script: Script,
    keys: readonly string[],
    values: readonly string[],
  ): Promise<typeof saved | typeof gone | typeof taken> {
    const redisKeys = keys.map((key) => this.#keyPrefix + key)
    const now = deadlineText(this.#clock.now())
    return this.#link.run(doing, async (redis) =>
      codeOf(await runScript(redis, script, redisKeys, [now, ...values])),
    )
  }
}

function codeOf(reply: unknown): typeof saved | typeof gone | typeof taken {
  const code = Number(reply)
  if (code === saved || code === gone || code === taken) return code
  throw new Error(`the script answered ${JSON.stringify(reply)}, wanted 1, 0 or -1`)
}

function deadlineText(deadlineMs: number): string {
  return String(wholeDeadlineMs(deadlineMs))
}

function flatFields(fields: ReadonlyMap<string, string>): readonly string[] {
  return [...fields].flatMap(([name, value]) => [hashField(name), value])
}

function changeValues(change: SessionChange): readonly string[] {
  return [
    String(change.set.size),
    ...flatFields(change.set),
    ...[...change.remove].map((name) => hashField(name)),
  ]
}
