// One keyed request that is this process's to run: keeps its lease, and settles its key by what the app answers.
import { keyTaken } from './refusal.ts'
import { writeResponse } from './response.ts'
import type { AppResponse } from './response.ts'
import type { IdempotencyPolicy } from './options.ts'

/** A lease is renewed so often in its time: two renewals may fail. */
const renewalsPerLease = 3

export class Run {
  readonly #policy: IdempotencyPolicy
  readonly #key: string
  readonly #token: string
  readonly #endMs: number
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  constructor(policy: IdempotencyPolicy, key: string, token: string) {
    this.#policy = policy
    this.#key = key
    this.#token = token
    this.#endMs = performance.now() + policy.longestRunMs
    this.#renewLater()
  }

  /** The largest body worth holding back for `finish`, in bytes. */
  get maxResponseBytes(): number {
    return this.#policy.maxResponseBytes
  }

  /**
   * Settles the key before the answer leaves (R2). Rejects with IDEMPOTENCY_KEY_TAKEN when another attempt has the key: this
   * answer must not leave then. A store that is down is reported and keeps nothing back: the effect took place, and a 503
   * would make the client ask for it again. Once only; later calls do nothing.
   */
  async finish(response: AppResponse): Promise<void> {
    if (!this.#stop()) return
    const { store, settles, retentionMs } = this.#policy
    if (!settles(response.status)) {
      await this.#attempt(() => store.release(this.#key, this.#token))
      return
    }
    const text = writeResponse(response)
    const isHolder = await this.#attempt(() => store.complete(this.#key, this.#token, text, retentionMs))
    if (isHolder === false) throw keyTaken()
  }

  /** The app gave no answer: the key is free again. Never rejects. */
  async abandon(): Promise<void> {
    if (this.#stop()) await this.#attempt(() => this.#policy.store.release(this.#key, this.#token))
  }

  async #attempt<T>(act: () => Promise<T>): Promise<T | undefined> {
    try {
      return await act()
    } catch (error) {
      this.#policy.onError(error)
      return undefined
    }
  }

  #stop(): boolean {
    const wasRunning = !this.#isOver
    this.#isOver = true
    clearTimeout(this.#timer)
    return wasRunning
  }

  #renewLater(): void {
    this.#timer = setTimeout(() => void this.#renew(), this.#policy.leaseMs / renewalsPerLease).unref()
  }

  async #renew(): Promise<void> {
    if (performance.now() >= this.#endMs) return
    const { store, leaseMs } = this.#policy
    const isHolder = await this.#attempt(() => store.renew(this.#key, this.#token, leaseMs))
    // Whoever has it now decides; `finish` will find out.
    if (!this.#isOver && isHolder !== false) this.#renewLater()
  }
}
