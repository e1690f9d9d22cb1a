// One lease that this process holds: renews it, and knows when it does not hold it any more.
import { randomBytes } from 'node:crypto'
import { durationOption } from '../base/durations.ts'
import type { Duration } from '../base/durations.ts'
import { DroverError } from '../base/errors.ts'
import { warn } from '../base/warning.ts'
import type { LeaseStore } from './store.ts'

export interface LeaseOptions {
  /** Where leases are: `sqliteLeaseStore`, `redisLeaseStore`, `postgresLeaseStore`, or your own. */
  readonly store: LeaseStore
  /** How long it lasts unless it is renewed, which it is three times in that time. Default: '30s'. */
  readonly ttl?: Duration
  /** Told of renewals that failed. Default: a warning of the process. */
  readonly onError?: (error: unknown) => void
}

const defaultTtl = '30s'
/** Two renewals may fail. */
const renewalsPerTtl = 3
const longestName = 255

interface LeaseParts {
  readonly store: LeaseStore
  readonly name: string
  readonly holder: string
  readonly fence: number
  readonly ttlMs: number
  readonly onError: (error: unknown) => void
}

/**
 * Acquires the lease `name`, 1 to 255 characters; undefined while another holder has it. It is renewed until it is released or
 * lost. Rejects with OPTION_INVALID, and with STORE_UNAVAILABLE when the store cannot be asked.
 */
export async function acquireLease(name: string, options: LeaseOptions): Promise<Lease | undefined> {
  const { store, onError = warn } = options
  const ttlMs = durationOption('ttl', options.ttl ?? defaultTtl)
  checkName(name)
  const holder = randomBytes(16).toString('base64url')
  // Counted from before the question, so that the end is never later here than it is there.
  const sinceMs = performance.now()
  const outcome = await store.acquire(name, holder, ttlMs)
  if (outcome.status === 'held') return undefined
  return new Lease({ store, name, holder, fence: outcome.fence, ttlMs, onError }, sinceMs)
}

export class Lease {
  readonly #parts: LeaseParts
  readonly #lost = new AbortController()
  #endMs: number
  #timer: NodeJS.Timeout | undefined
  #isReleased = false

  /** Made by `acquireLease`. `sinceMs` is on the clock of performance.now. */
  constructor(parts: LeaseParts, sinceMs: number) {
    this.#parts = parts
    this.#endMs = sinceMs + parts.ttlMs
    this.#renewLater()
  }

  get name(): string {
    return this.#parts.name
  }

  /**
   * Higher than that of every holder before. Give it to whatever is written under the lease, which must refuse a lower one than
   * it has seen (`checkFence` of drover/sqlite and drover/postgres): this process may be stopped at any moment, and go on
   * long after the lease has ended without having noticed.
   */
  get fence(): number {
    return this.#parts.fence
  }

  /** Aborts, with LEASE_LOST as its reason, when the lease has ended or may have. Not when it is released. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** Whether it is held, for all that this process knows. */
  get isHeld(): boolean {
    if (!this.#isReleased && performance.now() >= this.#endMs) this.#lose()
    return !this.#isReleased && !this.#lost.signal.aborted
  }

  /** It lasts for the whole ttl from now on; false when it is lost. Done by itself too. */
  async renew(): Promise<boolean> {
    const { store, name, holder, ttlMs } = this.#parts
    if (!this.isHeld) return false
    const sinceMs = performance.now()
    const isHolder = await store.renew(name, holder, ttlMs)
    if (isHolder) this.#endMs = Math.max(this.#endMs, sinceMs + ttlMs)
    else this.#lose()
    return isHolder
  }

  /**
   * Lets the next one have it: now, or with `keepFor` once that has passed, yet not before the lease ends anyway, so that a job
   * that every server starts at the same hour is not begun again by a server whose clock is behind. Does nothing for one that
   * is lost.
   */
  async release(options: { readonly keepFor?: Duration } = {}): Promise<void> {
    if (!this.isHeld) return
    const { store, name, holder } = this.#parts
    this.#isReleased = true
    clearTimeout(this.#timer)
    if (options.keepFor === undefined) await store.release(name, holder)
    else await store.renew(name, holder, durationOption('keepFor', options.keepFor))
  }

  #renewLater(): void {
    const leftMs = this.#endMs - performance.now()
    const pauseMs = Math.max(0, Math.min(this.#parts.ttlMs / renewalsPerTtl, leftMs))
    this.#timer = setTimeout(() => void this.#renewNow(), pauseMs).unref()
  }

  async #renewNow(): Promise<void> {
    try {
      await this.renew()
    } catch (error) {
      this.#parts.onError(error)
    }
    if (this.isHeld) this.#renewLater()
  }

  #lose(): void {
    clearTimeout(this.#timer)
    if (!this.#lost.signal.aborted) this.#lost.abort(leaseLost(this.name))
  }
}

function leaseLost(name: string): DroverError {
  return new DroverError('LEASE_LOST', `Cannot go on under the lease "${name}": it has ended`)
}

function checkName(name: unknown): void {
  if (typeof name === 'string' && name !== '' && name.length <= longestName) return
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot acquire lease ${JSON.stringify(name)}: wanted a name of 1 to ${longestName} characters`,
  )
}
