// The key ring that all instances share through the store: made once, followed, rotated by whoever comes first.
import { createHash } from 'node:crypto'
import type { JWK } from 'jose'
import type { Clock } from '../base/clock.ts'
import { DroverError } from '../base/errors.ts'
import type { KeyRing } from './key-ring.ts'
import { mostRingKeys, ringWork, signingKeyOf } from './ring-plan.ts'
import type { RingPolicy } from './ring-plan.ts'
import { newRingId, newRingKey, openRingKey, readRingRecord, writeRingRecord } from './ring-record.ts'
import type { RingKey, RingRecord } from './ring-record.ts'
import type { SigningKey, TokenAlgorithm, VerifyKey } from './signing.ts'
import type { RotateOptions, TokenKeys } from './token-keys.ts'
import type { TokenStore } from './token-store.ts'

export interface SharedRingSettings extends RingPolicy {
  readonly store: TokenStore
  /** The ring's name in the store. */
  readonly name: string
  /** Of the keys that are made from now on. */
  readonly algorithm: TokenAlgorithm
  readonly secrets: KeyRing
  readonly clock: Clock
  /** Told of what fails in the background. */
  readonly report: (error: unknown) => void
}

/** The ring as this instance last saw it. */
interface SeenRing {
  readonly version: number
  readonly record: RingRecord
  readonly keys: ReadonlyMap<string, SigningKey>
  readonly seenAtMs: number
}

/** The ring is looked at so often while a new key propagates. */
const looksPerPropagation = 8
const longestLookIntervalMs = 30_000
/** Tokens that name unknown keys have the ring looked at this often at most, however many they are. */
const lookPauseMs = 1_000
/** So often a change is tried while other instances change it, too. */
const mostTries = 8

export class SharedRing implements TokenKeys {
  readonly #settings: SharedRingSettings
  #seen: SeenRing | undefined
  #looking: Promise<SeenRing> | undefined
  #timer: NodeJS.Timeout | undefined
  #isClosed = false

  constructor(settings: SharedRingSettings) {
    this.#settings = settings
  }

  async signingKey(): Promise<SigningKey> {
    const { clock, propagationMs } = this.#settings
    const seen = this.#seen
    // Who has not seen the ring for so long may hold a key that others have dropped.
    const isStale = seen === undefined || clock.now() - seen.seenAtMs > propagationMs
    const { record, keys } = isStale ? await this.look() : seen
    const key = keys.get(signingKeyOf(record, clock.now())?.kid ?? '')
    if (key === undefined) throw new DroverError('STORE_UNAVAILABLE', 'Cannot sign: the key ring is empty')
    return key
  }

  find(kid: string): VerifyKey | undefined | Promise<VerifyKey | undefined> {
    const known = this.#seen?.keys.get(kid)
    if (known !== undefined) return known
    const sinceMs = this.#settings.clock.now() - (this.#seen?.seenAtMs ?? -Infinity)
    const isPaused = sinceMs >= 0 && sinceMs < lookPauseMs
    // A look that is under way may bring it.
    if (isPaused && this.#looking === undefined) return undefined
    return this.look().then(({ keys }) => keys.get(kid))
  }

  async publicKeys(): Promise<readonly JWK[]> {
    const { record } = this.#seen ?? (await this.look())
    return record.keys.toReversed().flatMap(({ kid, alg, publicJwk }) => {
      return publicJwk === undefined ? [] : [{ ...publicJwk, kid, alg, use: 'sig' }]
    })
  }

  async fingerprint(): Promise<string> {
    const { record } = this.#seen ?? (await this.look())
    const text = `drover ring ${record.id} ${this.#settings.secrets.fingerprint}`
    return createHash('sha256').update(text).digest('base64url').slice(0, 16)
  }

  async rotate({ dropOthers = false }: RotateOptions): Promise<void> {
    const { clock, propagationMs } = this.#settings
    await this.#change(async (record) => {
      const nowMs = clock.now()
      if (!dropOthers && record.keys.length >= mostRingKeys) throw tooMany()
      const key = await this.#newKey(nowMs, dropOthers ? nowMs : nowMs + propagationMs)
      return { ...record, keys: dropOthers ? [key] : [...record.keys, key] }
    })
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  /** Looks at the ring in the store, and does what is due. Those who ask at once wait for one look. */
  look(): Promise<SeenRing> {
    this.#looking ??= this.#lookOnce().finally(() => {
      this.#looking = undefined
      this.#lookLater()
    })
    return this.#looking
  }

  async #lookOnce(): Promise<SeenRing> {
    return this.#change(async (record, nowMs) => {
      const work = ringWork(record, this.#settings, nowMs)
      if (work === undefined) return undefined
      if (!work.wantsKey) return { ...record, keys: work.keys }
      // The very first key of a ring can sign at once: nobody has seen a token yet.
      const signsFromMs = record.keys.length === 0 ? nowMs : nowMs + this.#settings.propagationMs
      return { ...record, keys: [...work.keys, await this.#newKey(nowMs, signsFromMs)] }
    })
  }

  /** Reads the ring, and writes what `next` makes of it, if anything; when another instance was first, it is read anew. */
  async #change(
    next: (record: RingRecord, nowMs: number) => Promise<RingRecord | undefined>,
  ): Promise<SeenRing> {
    const { store, name, clock } = this.#settings
    for (let tries = 0; tries < mostTries; tries += 1) {
      const seenAtMs = clock.now()
      const found = await store.loadKeys(name)
      const record = found === undefined ? { id: newRingId(), keys: [] } : readRingRecord(found.text)
      const version = found?.version ?? 0
      const changed = await next(record, seenAtMs)
      if (changed === undefined) return this.#see(version, record, seenAtMs)
      if (await store.saveKeys(name, version, writeRingRecord(changed))) {
        return this.#see(version + 1, changed, seenAtMs)
      }
    }
    throw new DroverError('STORE_UNAVAILABLE', 'Cannot change the key ring: others keep changing it')
  }

  async #see(version: number, record: RingRecord, seenAtMs: number): Promise<SeenRing> {
    const before = this.#seen
    // A store that was emptied has another ring, whose versions begin anew.
    const isSame = before?.version === version && before.record.id === record.id
    const seen = { version, record, keys: isSame ? before.keys : await this.#open(record.keys), seenAtMs }
    // A rotation and a look may be under way at once: what was read later counts.
    if ((this.#seen?.seenAtMs ?? -Infinity) <= seenAtMs) this.#seen = seen
    return seen
  }

  async #open(keys: readonly RingKey[]): Promise<ReadonlyMap<string, SigningKey>> {
    const { secrets } = this.#settings
    const known = this.#seen?.keys
    return new Map(
      await Promise.all(
        keys.map(async (key) => [key.kid, known?.get(key.kid) ?? (await openRingKey(key, secrets))] as const),
      ),
    )
  }

  #newKey(createdAtMs: number, signsFromMs: number): Promise<RingKey> {
    const { algorithm, secrets } = this.#settings
    return newRingKey(algorithm, secrets, createdAtMs, signsFromMs)
  }

  /** The next look, by and by: whoever verifies needs no store for it, and drops what was dropped. */
  #lookLater(): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    const { propagationMs, report } = this.#settings
    const intervalMs = Math.min(propagationMs / looksPerPropagation, longestLookIntervalMs)
    this.#timer = setTimeout(() => void this.look().catch(report), intervalMs).unref()
  }
}

function tooMany(): DroverError {
  return new DroverError(
    'OPTION_INVALID',
    `Cannot rotate the keys: ${mostRingKeys} of them may still have tokens; wanted fewer, or dropOthers`,
  )
}
