// One start of an instance as the world has it: whether it lives, and what hinders it.
import type { VirtualTime } from '../../../support/virtual-time.ts'

export class VirtualProcess {
  /** Instance and epoch: no other process has had this name. */
  readonly name: string
  readonly version: number
  isAlive: boolean = true
  /** It got SIGTERM and takes nothing new. */
  isLeaving: boolean = false
  /** Times until which nothing moves in it, the balancer cannot reach it, and it cannot reach the store. */
  hangsUntilMs: number = 0
  unreachableUntilMs: number = 0
  storelessUntilMs: number = 0
  /** How many times longer than usual everything takes. */
  slowness: number = 1
  /** What waits for an answer on a connection to it; told once, when that is closed. */
  readonly onHangUp: Set<() => void> = new Set()
  readonly #time: VirtualTime

  constructor(name: string, version: number, time: VirtualTime) {
    this.name = name
    this.version = version
    this.#time = time
  }

  /** Runs in the process after so long, or when it moves again; never if it is dead by then. */
  after(delayMs: number, run: () => void): void {
    this.#time.after(delayMs * this.slowness, () => {
      const restMs = this.hangsUntilMs - this.#time.now()
      if (!this.isAlive) return
      if (restMs > 0) this.after(restMs, run)
      else run()
    })
  }

  /** Runs once the network between it and the balancer lets something through. */
  reach(run: () => void): void {
    const restMs = this.unreachableUntilMs - this.#time.now()
    if (restMs <= 0) run()
    else
      this.#time.after(restMs, () => {
        this.reach(run)
      })
  }

  get reachesStore(): boolean {
    return this.storelessUntilMs <= this.#time.now()
  }

  die(): void {
    if (!this.isAlive) return
    this.isAlive = false
    this.#hangUp()
  }

  /** SIGTERM. Some apps close all connections at once, while what they have begun goes on. */
  leave(hangsUp: boolean): void {
    this.isLeaving = true
    if (hangsUp) this.#hangUp()
  }

  #hangUp(): void {
    for (const told of this.onHangUp) told()
    this.onHangUp.clear()
  }
}
