// Idle connections to instances, newest first. The balancer is always the closer: nothing stays idle near the
// instance's own keep-alive limit, where a request could cross the instance's close on the wire.
import { startKey } from '../../base/wire.ts'
import type { BalancerLimits } from '../limits.ts'
import type { Upstream } from '../messages.ts'
import { UpstreamConnection, type ConnectionOwner } from './connection.ts'

export class UpstreamPool implements ConnectionOwner {
  readonly #limits: () => BalancerLimits
  readonly #now: () => number
  readonly #idle = new Map<string, UpstreamConnection[]>()
  /** How many connections there are to each start of an instance, whatever they are doing. */
  readonly #open = new Map<string, number>()
  readonly #onClosed: () => void
  #current = new Set<string>()

  /**
   * `now` is a monotonic clock in milliseconds that never answers 0. `onClosed` is called when the last connection to an
   * instance is closed that is not wanted any more.
   */
  constructor(limits: () => BalancerLimits, now: () => number, onClosed: () => void = () => undefined) {
    this.#limits = limits
    this.#now = now
    this.#onClosed = onClosed
  }

  /** A connection idle for at most `maxIdleMs`, or a fresh one that is still connecting. */
  take(upstream: Upstream, maxIdleMs: number, nowMs: number): UpstreamConnection {
    const key = startKey(upstream)
    const idle = this.#idle.get(key)
    for (let connection = idle?.pop(); connection !== undefined; connection = idle?.pop()) {
      if (!connection.reusable) continue
      if (nowMs - connection.idleSinceMs <= maxIdleMs) return connection
      // The newest is too old for this request, so all are; it still serves others.
      idle?.push(connection)
      break
    }
    const fresh = new UpstreamConnection(upstream, key, this.#limits(), this)
    this.#open.set(key, (this.#open.get(key) ?? 0) + 1)
    return fresh
  }

  /** Takes a connection back after a complete exchange; closes it when it cannot be used again. */
  onIdle(connection: UpstreamConnection): void {
    const { key } = connection
    const idle = this.#idle.get(key) ?? []
    const isWanted = connection.reusable && this.#current.has(key)
    if (!isWanted || idle.length >= this.#limits().upstreamIdleConnections) {
      connection.abandon()
      return
    }
    connection.idleSinceMs = this.#now()
    idle.push(connection)
    this.#idle.set(key, idle)
  }

  /** Closes what has been idle too long. */
  sweep(): void {
    const oldest = this.#now() - this.#limits().upstreamIdleMs
    for (const [key, idle] of this.#idle) {
      const kept = idle.filter((connection) => connection.reusable && connection.idleSinceMs > oldest)
      if (kept.length === 0) this.#idle.delete(key)
      else this.#idle.set(key, kept)
      for (const connection of idle) if (!kept.includes(connection)) connection.abandon()
    }
  }

  /**
   * Keeps connections to these instances only: those to others, and to those that drain, are closed, now or when their
   * exchange is complete. An instance that waits for its idle connections to close need not wait for us.
   */
  retain(upstreams: readonly Upstream[]): void {
    this.#current = new Set(
      upstreams.filter(({ draining }) => draining !== true).map((upstream) => startKey(upstream)),
    )
    this.#closeOthers()
  }

  /** The instance takes nothing more. */
  retire(upstream: Upstream): void {
    this.#current.delete(startKey(upstream))
    this.#closeOthers()
  }

  onClose(closed: UpstreamConnection): void {
    const { key } = closed
    const idle = this.#idle.get(key)
    const index = idle?.indexOf(closed) ?? -1
    if (index !== -1) idle?.splice(index, 1)
    if (idle?.length === 0) this.#idle.delete(key)
    const open = (this.#open.get(key) ?? 1) - 1
    if (open > 0) {
      this.#open.set(key, open)
      return
    }
    this.#open.delete(key)
    if (!this.#current.has(key)) this.#onClosed()
  }

  /** There are connections to this start of the instance; those that were handed over to a tunnel are its own. */
  holds(upstream: Pick<Upstream, 'id' | 'epoch'>): boolean {
    return this.#open.has(startKey(upstream))
  }

  #closeOthers(): void {
    for (const [key, idle] of this.#idle) {
      if (this.#current.has(key)) continue
      this.#idle.delete(key)
      for (const connection of idle) connection.abandon()
    }
  }
}
