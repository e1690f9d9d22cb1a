// The TokenStore port in the memory of this process, for development and tests.
import { systemClock } from '../../base/clock.ts'
import type { Clock } from '../../base/clock.ts'
import { familyTag } from '../../tokens/token-store.ts'
import type {
  FamilyTurn,
  KeyRingRecord,
  LiveFamily,
  Revocation,
  RevocationFollower,
  TokenFamily,
  TokenStore,
  TurnOutcome,
} from '../../tokens/token-store.ts'
import { isOver } from '../deadlines.ts'
import { mostRevocationsAtOnce } from '../revocations.ts'
import { unavailable } from '../unavailable.ts'
import { refuseWhereSeveralRun } from './alone.ts'
import type { MemoryStoreOptions } from './alone.ts'
import { MemoryTokens } from './token-families.ts'

const currentIntervalMs = 500

/**
 * Key rings, token families and revocations in the memory of this process. Throws OPTION_INVALID where several instances could run
 * (NODE_ENV is "production", or under `drover up`): each would sign with keys that no other knows.
 */
export function memoryTokenStore(options: MemoryStoreOptions = {}): TokenStore {
  const { clock = systemClock, environment = process.env } = options
  refuseWhereSeveralRun(environment, 'tokens')
  return new MemoryTokenStore(new MemoryTokens(), clock)
}

/** Several over one `MemoryTokens` stand for several servers, in tests. */
export class MemoryTokenStore implements TokenStore {
  readonly #tokens: MemoryTokens
  readonly #clock: Clock
  readonly #stops = new Set<() => void>()
  #isClosed = false

  constructor(tokens: MemoryTokens, clock: Clock) {
    this.#tokens = tokens
    this.#clock = clock
  }

  async loadKeys(ring: string): Promise<KeyRingRecord | undefined> {
    this.#begin('load the key ring')
    return this.#tokens.rings.get(ring)
  }

  async saveKeys(ring: string, version: number, text: string): Promise<boolean> {
    this.#begin('save the key ring')
    if ((this.#tokens.rings.get(ring)?.version ?? 0) !== version) return false
    this.#tokens.rings.set(ring, { version: version + 1, text })
    return true
  }

  async createFamily(key: string, family: TokenFamily): Promise<number> {
    return this.#tokens.create(key, family, this.#begin('begin a token family'))
  }

  async loadFamily(key: string): Promise<LiveFamily | undefined> {
    return this.#tokens.live(key, this.#begin('load the token family'))
  }

  async advanceFamily(key: string, turn: FamilyTurn): Promise<TurnOutcome> {
    return this.#tokens.advance(key, turn, this.#begin('advance the token family'))
  }

  async endFamily(key: string, revokedUntilMs: number): Promise<void> {
    this.#begin('end the token family')
    this.#tokens.end(key, revokedUntilMs)
  }

  async endFamilies(tag: string, revokedUntilMs: number, exceptKey?: string): Promise<Revocation> {
    const nowMs = this.#begin('end the token families')
    const spared =
      exceptKey === undefined || familyTag(exceptKey) !== tag
        ? undefined
        : this.#tokens.live(exceptKey, nowMs)
    return this.#tokens.endAll(tag, revokedUntilMs, spared === undefined ? undefined : exceptKey)
  }

  follow(follower: RevocationFollower): () => void {
    if (this.#isClosed) return () => undefined
    const nowMs = this.#clock.now()
    const held = this.#tokens.published.filter(({ untilMs }) => !isOver(untilMs, nowMs))
    for (let at = 0; at < held.length; at += mostRevocationsAtOnce)
      follower.onRevoked(held.slice(at, at + mostRevocationsAtOnce))
    const onPublished = (revocation: Revocation) => {
      follower.onRevoked([revocation])
    }
    const tellCurrent = () => {
      follower.onCurrent(this.#clock.now())
    }
    this.#tokens.listeners.add(onPublished)
    tellCurrent()
    const timer = setInterval(tellCurrent, currentIntervalMs).unref()
    const stop = () => {
      clearInterval(timer)
      this.#tokens.listeners.delete(onPublished)
      this.#stops.delete(stop)
    }
    this.#stops.add(stop)
    return stop
  }

  async close(): Promise<void> {
    this.#isClosed = true
    for (const stop of this.#stops) stop()
  }

  #begin(doing: string): number {
    if (this.#isClosed) throw unavailable(doing, 'the store is closed')
    const nowMs = this.#clock.now()
    this.#tokens.sweep(nowMs)
    return nowMs
  }
}
