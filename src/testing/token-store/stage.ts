// What the cases of the TokenStore contract play on.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { Clock } from '../../base/clock.ts'
import type {
  FamilyTurn,
  LiveFamily,
  Revocation,
  TokenFamily,
  TokenStore,
  TurnOutcome,
} from '../../tokens/token-store.ts'
import type { TwoServersCase } from '../two-servers.ts'

export type TokenCase = TwoServersCase<TokenStore>

export const idleMs = 3_600_000
export const absoluteMs = 36_000_000
export const graceMs = 20_000
/** Longer than any access token. */
export const revokedMs = 600_000

export const gone: TurnOutcome = { status: 'gone' }
export const unavailable = { name: 'DroverError', code: 'STORE_UNAVAILABLE' }

/** As everything that a test may be told of, far beyond what is expected: others share the processor. */
const patienceMs = 20_000

export function newTag(): string {
  return randomBytes(12).toString('base64url')
}

/** A key never used before, of the principal with this tag. */
export function newKey(tag: string = newTag()): string {
  return `${tag}.${randomBytes(24).toString('base64url')}`
}

/** One that lives as long as usual; its text is what JSON may hold. */
export function familyAt(clock: Clock, given: Partial<TokenFamily> = {}): TokenFamily {
  return {
    text: `{"sub":"ann ÄÖ '\\u0000😀"}`,
    idleDeadlineMs: clock.now() + idleMs,
    absoluteDeadlineMs: clock.now() + absoluteMs,
    ...given,
  }
}

export function turnAt(clock: Clock, generation: number, given: Partial<FamilyTurn> = {}): FamilyTurn {
  return {
    generation,
    graceMs,
    idleDeadlineMs: clock.now() + idleMs,
    revokedUntilMs: clock.now() + revokedMs,
    ...given,
  }
}

export function generationOf(
  outcome: TurnOutcome,
): readonly [status: string, generation: number | undefined] {
  return [outcome.status, outcome.status === 'gone' ? undefined : outcome.family.generation]
}

/** Compared without the mark, whose value is the store's. */
export function withoutMark(family: LiveFamily | undefined): Omit<LiveFamily, 'mark'> | undefined {
  if (family === undefined) return undefined
  const { mark: _, ...rest } = family
  return rest
}

/** What one follower was told. */
export class Told {
  readonly revocations: Revocation[] = []
  readonly currents: number[] = []
  readonly cuts: unknown[] = []
  readonly #waiting = new Set<() => void>()
  readonly stop: () => void

  constructor(store: TokenStore) {
    this.stop = store.follow({
      onRevoked: (revocations) => {
        this.revocations.push(...revocations)
        this.#look()
      },
      onCurrent: (asOfMs) => {
        this.currents.push(asOfMs)
        this.#look()
      },
      onCut: (error) => {
        this.cuts.push(error)
        this.#look()
      },
    })
  }

  /** Resolves once `isSo` holds; rejects, saying what was told, when it never does. */
  async until(what: string, isSo: () => boolean): Promise<void> {
    if (isSo()) return
    let look: () => void = () => undefined
    let timer: NodeJS.Timeout | undefined
    const seen = await new Promise<boolean>((resolve) => {
      look = () => {
        if (isSo()) resolve(true)
      }
      this.#waiting.add(look)
      timer = setTimeout(() => resolve(false), patienceMs)
    })
    clearTimeout(timer)
    this.#waiting.delete(look)
    assert.ok(seen, `waited in vain until ${what}; told ${JSON.stringify(this.revocations)}`)
  }

  /** Those that speak of one family. */
  ofFamily(key: string): readonly Revocation[] {
    return this.revocations.filter((one) => one.kind === 'family' && one.family === key)
  }

  /** Those that speak of one principal. */
  ofPrincipal(tag: string): readonly Extract<Revocation, { kind: 'principal' }>[] {
    return this.revocations.filter((one) => one.kind === 'principal').filter((one) => one.tag === tag)
  }

  #look(): void {
    for (const look of this.#waiting) look()
  }
}
