// Where all Sentinels together say the primary is, for the connections of one store.
//
// One Sentinel is not enough: while a failover is under way, some name the old primary and some its successor, and an old
// one that hung and goes on at this moment takes it for granted that it still is the primary.
import { describe } from '../unavailable.ts'
import type { RedisNode } from './address.ts'
import { SentinelPeer } from './sentinel-peer.ts'
import type { Naming, SentinelAccess } from './sentinel-peer.ts'

/** Once this has passed, those Sentinels that have answered decide. */
const patienceMs = 100

/** Who relies on the primary being where it was found. */
interface Holder {
  primary: RedisNode | undefined
  readonly onMoved: (error: Error) => void
}

export interface Hold {
  /** The primary as the Sentinels name it now. Rejects when none answers, or none knows it, or it is another than before. */
  find(): Promise<RedisNode>
  /** Nothing is told any more. Idempotent. */
  release(): void
}

export class SentinelView {
  readonly #access: SentinelAccess
  readonly #holders = new Set<Holder>()
  #peers: readonly SentinelPeer[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(access: SentinelAccess) {
    this.#access = access
  }

  /** Connections to the Sentinels last as long as anybody holds on; `onMoved` is told once at most. */
  hold(onMoved: (error: Error) => void): Hold {
    const holder: Holder = { primary: undefined, onMoved }
    if (this.#holders.size === 0) this.#open()
    this.#holders.add(holder)
    return { find: () => this.#find(holder), release: () => this.#release(holder) }
  }

  #open(): void {
    const { address, limits } = this.#access
    const onTold = () => void this.#look()
    this.#peers = address.sentinels.map((node) => new SentinelPeer(this.#access, node, onTold))
    // A Sentinel that hangs tells of nothing, so all are asked as well.
    this.#timer = setInterval(onTold, limits.sentinelIntervalMs).unref()
  }

  #release(holder: Holder): void {
    if (!this.#holders.delete(holder) || this.#holders.size > 0) return
    clearInterval(this.#timer)
    for (const peer of this.#peers) peer.close()
    this.#peers = []
  }

  async #find(holder: Holder): Promise<RedisNode> {
    const asked = this.#peers.map((peer) => peer.ask())
    await enoughOf(asked, patienceMs)
    const primary = this.#chosen(holder.primary)
    if (primary === undefined) throw await this.#noneNames(asked)
    if (holder.primary !== undefined && !isSame(primary, holder.primary)) throw movedTo(primary)
    holder.primary = primary
    return primary
  }

  /** Never rejects: without Sentinels the connections to the primary stand. */
  async #look(): Promise<void> {
    await Promise.all(this.#peers.map((peer) => peer.ask().then(() => this.#review(), ignore)))
  }

  #review(): void {
    for (const holder of this.#holders) {
      const primary = this.#chosen(holder.primary)
      if (primary === undefined || holder.primary === undefined || isSame(primary, holder.primary)) continue
      this.#release(holder)
      holder.onMoved(movedTo(primary))
    }
  }

  #chosen(current: RedisNode | undefined): RedisNode | undefined {
    return choosePrimary(
      this.#peers.flatMap((peer) => peer.latest ?? []),
      current,
    )
  }

  async #noneNames(asked: readonly Promise<Naming>[]): Promise<Error> {
    const results = await Promise.allSettled(asked)
    const reasons = results.flatMap((result) =>
      result.status === 'rejected' ? [describe(result.reason)] : [],
    )
    return new Error(
      `no Sentinel names the primary "${this.#access.address.primaryName}" (${reasons.join('; ')})`,
    )
  }
}

/** What the latest failover made of it; where Sentinels disagree without one (by name and by number), `current` stands. */
export function choosePrimary(
  namings: readonly Naming[],
  current: RedisNode | undefined,
): RedisNode | undefined {
  let best: Naming | undefined
  for (const naming of namings) {
    const isNewer = best === undefined || naming.epoch > best.epoch
    const isCurrent = current !== undefined && isSame(naming.primary, current)
    if (isNewer || (naming.epoch === best?.epoch && isCurrent)) best = naming
  }
  return best?.primary
}

/** Resolves when all have settled, or after `waitMs` as soon as one is fulfilled. */
function enoughOf(asked: readonly Promise<unknown>[], waitMs: number): Promise<unknown> {
  const patience = new Promise((resolve) => setTimeout(resolve, waitMs).unref())
  const first = Promise.any(asked).catch(() => Promise.allSettled(asked))
  return Promise.race([Promise.allSettled(asked), Promise.all([patience, first])])
}

function isSame(one: RedisNode, other: RedisNode): boolean {
  return one.host === other.host && one.port === other.port
}

function movedTo({ host, port }: RedisNode): Error {
  return new Error(`the primary moved: Sentinel names ${host}:${port}`)
}

function ignore(): void {
  // It is asked again.
}
