// Tokens of several servers over one memory, on one clock, whose feeds can be cut: for tests of what stands above a store.
import diagnostics from 'node:diagnostics_channel'
import { DroverError } from '../../src/base/errors.ts'
import { MemoryTokens } from '../../src/stores/memory/token-families.ts'
import { MemoryTokenStore } from '../../src/stores/memory/tokens.ts'
import { ManualClock } from '../../src/testing/manual-clock.ts'
import { tokens } from '../../src/tokens/create.ts'
import type { TokensOptions } from '../../src/tokens/options.ts'
import type { LiveFamily, RevocationFollower } from '../../src/tokens/token-store.ts'
import type { Tokens } from '../../src/tokens/tokens.ts'

export const issuer = 'https://shop.example'
export const audience = 'https://api.shop.example'
export const secrets: readonly string[] = [Buffer.alloc(32, 7).toString('base64')]

/** A server's store over a memory that servers share. */
export class CuttableStore extends MemoryTokenStore {
  /** How often a family was looked up. */
  lookUps = 0
  isUnavailable = false
  readonly #followers = new Set<RevocationFollower>()
  #isCut = false

  override loadFamily(key: string): Promise<LiveFamily | undefined> {
    this.lookUps += 1
    if (this.isUnavailable) {
      return Promise.reject(new DroverError('STORE_UNAVAILABLE', 'Cannot look: the store is switched off'))
    }
    return super.loadFamily(key)
  }

  override follow(follower: RevocationFollower): () => void {
    this.#followers.add(follower)
    return super.follow({
      ...follower,
      onRevoked: (revocations) => {
        if (!this.#isCut) follower.onRevoked(revocations)
      },
      onCurrent: (asOfMs) => {
        if (!this.#isCut) follower.onCurrent(asOfMs)
      },
    })
  }

  /** Tells its followers nothing any more; `loudly`: but that. */
  cut(loudly: boolean): void {
    this.#isCut = true
    if (loudly) for (const follower of this.#followers) follower.onCut(new Error('the line is down'))
  }

  /** Finds the feed again: everything is told from the start. */
  mend(): void {
    this.#isCut = false
    for (const follower of this.#followers) super.follow(follower)()
  }
}

export interface TestTokens<Claims extends object> {
  readonly api: Tokens<Claims>
  readonly store: CuttableStore
  readonly clock: ManualClock
  readonly memory: MemoryTokens
  /** Another server of the same app. */
  readonly other: (options?: Partial<TokensOptions<Claims>>) => Tokens<Claims>
  /** A store of another server, over the same memory. */
  readonly newStore: () => CuttableStore
}

export function testTokens<Claims extends object = Record<string, unknown>>(
  options: Partial<TokensOptions<Claims>> = {},
  memory: MemoryTokens = new MemoryTokens(),
): TestTokens<Claims> {
  // Whole seconds, as tokens have them.
  const clock = new ManualClock(1_800_000_000_000)
  const newStore = () => new CuttableStore(memory, clock)
  const other = (more: Partial<TokensOptions<Claims>> = {}): Tokens<Claims> =>
    tokens<Claims>({ store: newStore(), secrets, issuer, audience, clock, ...options, ...more })
  const store = newStore()
  return { api: other({ store }), store, clock, memory, other, newStore }
}

/** What a channel tells from now on; the process ends with the test. */
export function subscribed(name: string): () => readonly unknown[] {
  const messages: unknown[] = []
  diagnostics.subscribe(name, (message) => messages.push(message))
  return () => messages
}
