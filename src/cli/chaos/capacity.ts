// How long it takes until as many instances, or balancers, are ready as wanted, after one was taken away.
import type { FleetSnapshot, InstanceSnapshot } from '../../control/snapshot.ts'
import type { Deed } from './fault.ts'

interface Lack {
  readonly deed: Deed
  readonly of: 'instances' | 'balancers'
  readonly wanted: number
  readonly sinceMs: number
}

/** Times are of a clock that never goes back, in milliseconds. */
export class Capacity {
  readonly #lacks = new Set<Lack>()
  /** Processes that were taken away: until the fleet has noticed, it takes them for ready. */
  readonly #killed = new Set<number>()
  readonly #hung = new Set<number>()

  /** The process `pid` is taken away at `nowMs`; `before` is how the fleet was. */
  take(deed: Deed, of: Lack['of'], pid: number, before: FleetSnapshot, nowMs: number): void {
    deed.tookAway = true
    const away = deed.kind === 'hang' ? this.#hung : this.#killed
    away.add(pid)
    const wanted = of === 'instances' ? wantedInstances(before) : before.balancers.filter(isServing).length
    this.#lacks.add({ deed, of, wanted, sinceMs: nowMs })
  }

  /** The process was let go on before the fleet had replaced it: how long that took says nothing. */
  giveBack(deed: Deed, pid: number): void {
    this.#killed.delete(pid)
    this.#hung.delete(pid)
    for (const lack of this.#lacks) if (lack.deed === deed) this.#lacks.delete(lack)
    deed.tookAway = false
    deed.backMs = null
  }

  /** The fleet was seen as `snapshot`; what was asked for at `askedMs` shows nothing that was taken away later. */
  look(snapshot: FleetSnapshot, askedMs: number, nowMs: number): void {
    const isThere = ({ pid }: { readonly pid: number | null }) => pid === null || !this.#killed.has(pid)
    const isLoose = ({ pid }: { readonly pid: number | null }) => pid === null || !this.#hung.has(pid)
    const serving = snapshot.balancers.filter((one) => isServing(one) && isThere(one)).length
    const there = servers(snapshot).filter(isThere)
    const most = wantedInstances(snapshot)
    for (const lack of this.#lacks) {
      // How soon a killed one is replaced is told without those that hang: that is another deed's time.
      const ready = lack.deed.kind === 'hang' ? there.filter(isLoose).length : there.length
      const isBack = lack.of === 'balancers' ? serving >= lack.wanted : ready >= Math.min(lack.wanted, most)
      if (!isBack || lack.sinceMs > askedMs) continue
      lack.deed.backMs = Math.max(0, nowMs - lack.sinceMs)
      this.#lacks.delete(lack)
    }
  }

  /** Something that was taken away at `sinceMs` or later has not come back. */
  isLackingSince(sinceMs: number): boolean {
    return [...this.#lacks].some((lack) => lack.sinceMs >= sinceMs)
  }
}

/** Ready instances that get requests. */
export function servers(snapshot: FleetSnapshot): readonly InstanceSnapshot[] {
  return snapshot.instances.filter(({ state, isSpare }) => state === 'ready' && !isSpare)
}

/** An older fleet does not tell; then as many as there are. */
function wantedInstances({ scale, instances }: FleetSnapshot): number {
  return scale.instances > 0 ? scale.instances : instances.filter(({ isSpare }) => !isSpare).length
}

function isServing({ state }: FleetSnapshot['balancers'][number]): boolean {
  return state === 'serving'
}
