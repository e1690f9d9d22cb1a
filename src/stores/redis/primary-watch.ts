// Knows which server the Sentinels call the primary, and tells when they name another.
import type { RedisNode } from './address.ts'
import { askPrimary, firstSentinel } from './sentinel-client.ts'
import type { NamedPrimary, SentinelAccess } from './sentinel-client.ts'

type OnMoved = (error: Error) => void

/** One Sentinel at a time is listened to, and asked now and then as well: one that hangs would tell of no switch. */
export class PrimaryWatch {
  /** Where the primary was when the watch began. */
  readonly primary: RedisNode
  readonly #settings: SentinelAccess
  readonly #onMoved: OnMoved
  readonly #stopping: AbortController = new AbortController()
  readonly #timer: NodeJS.Timeout
  #sentinel: NamedPrimary['sentinel'] | undefined
  #isLooking = false

  /** Resolves when the first Sentinel has answered; rejects when none does, or when none knows the primary. */
  static async start(settings: SentinelAccess, signal: AbortSignal, onMoved: OnMoved): Promise<PrimaryWatch> {
    let watch: PrimaryWatch | undefined
    const named = await firstSentinel(settings, signal, () => void watch?.look())
    watch = new PrimaryWatch(settings, named, onMoved)
    return watch
  }

  private constructor(settings: SentinelAccess, named: NamedPrimary, onMoved: OnMoved) {
    this.#settings = settings
    this.#onMoved = onMoved
    this.primary = named.primary
    this.#sentinel = named.sentinel
    this.#timer = setInterval(() => void this.look(), settings.limits.sentinelIntervalMs).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#stopping.abort()
    this.#forgetSentinel()
  }

  /** Never rejects. */
  async look(): Promise<void> {
    if (this.#isLooking || this.#stopping.signal.aborted) return
    this.#isLooking = true
    try {
      const { host, port } = await this.#ask()
      if (host === this.primary.host && port === this.primary.port) return
      if (!this.#stopping.signal.aborted) {
        this.#onMoved(new Error(`the primary moved: Sentinel names ${host}:${port}`))
      }
    } catch {
      // Without Sentinels the connection to the primary stands. The next look asks whichever answers first.
      this.#forgetSentinel()
    } finally {
      this.#isLooking = false
    }
  }

  async #ask(): Promise<RedisNode> {
    if (this.#sentinel !== undefined) return askPrimary(this.#sentinel, this.#settings)
    const { signal } = this.#stopping
    const access = { ...this.#settings, isUnrefed: true }
    const named = await firstSentinel(access, signal, () => void this.look())
    this.#sentinel = named.sentinel
    if (signal.aborted) this.#forgetSentinel()
    return named.primary
  }

  #forgetSentinel(): void {
    this.#sentinel?.destroy()
    this.#sentinel = undefined
  }
}
