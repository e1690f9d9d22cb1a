// Instances in virtual time: they take a while to start and to drain, serve a number of requests at once, and die when told.
import type { FleetSample, InstanceSample } from '../../../src/supervisor/autoscale/metric-samples.ts'

/** Requests that one instance serves at once, each as fast as if it were alone. */
export const concurrencyLimit = 10
const serviceS = 0.1
/** A client that waits longer has gone. */
const patienceS = 10

interface VirtualInstance {
  readyAtS: number
  /** When its last request is done; undefined while it serves. */
  goneAtS: number | undefined
}

export class VirtualInstances {
  readonly #random: () => number
  #instances: VirtualInstance[] = []
  #nowS = 0
  /** Requests that wait or are served. */
  #inFlight = 0
  #concurrencySeconds = 0
  #busySeconds = 0
  #sampledAtS = 0

  constructor(random: () => number, count: number) {
    this.#random = random
    for (let index = 0; index < count; index++) this.#instances.push({ readyAtS: 0, goneAtS: undefined })
  }

  /** Instances that are kept, ready or not. */
  get kept(): number {
    return this.#kept.length
  }

  get ready(): number {
    return this.#kept.filter(({ readyAtS }) => readyAtS <= this.#nowS).length
  }

  /** Processes that there are, those that drain included. */
  get running(): number {
    return this.#instances.length
  }

  get #kept(): VirtualInstance[] {
    return this.#instances.filter(({ goneAtS }) => goneAtS === undefined)
  }

  /** Starts or drains until so many are kept; those that are not ready go first. */
  scale(desired: number): void {
    while (this.kept < desired) {
      this.#instances.push({ readyAtS: this.#nowS + this.#startS(), goneAtS: undefined })
    }
    const leaving = this.#kept
      .toSorted((a, b) => b.readyAtS - a.readyAtS)
      .slice(0, Math.max(0, this.kept - desired))
    for (const instance of leaving) instance.goneAtS = this.#nowS + 5 * this.#random()
  }

  /** One that is kept dies and starts again. */
  crash(): void {
    const kept = this.#kept
    const victim = kept[Math.floor(this.#random() * kept.length)]
    if (victim !== undefined) victim.readyAtS = this.#nowS + this.#startS()
  }

  #startS(): number {
    return 1 + 3 * this.#random()
  }

  /** Lets time pass in which `load` requests would be in service, if all were at once. */
  pass(seconds: number, load: number): void {
    this.#nowS += seconds
    this.#instances = this.#instances.filter(({ goneAtS }) => goneAtS === undefined || goneAtS > this.#nowS)
    const capacity = this.ready * concurrencyLimit
    const arrived = (load / serviceS) * seconds
    const waiting = Math.max(0, this.#inFlight - capacity)
    const served = Math.min(waiting + arrived, (capacity / serviceS) * seconds)
    const inService = (served / seconds) * serviceS
    const stillWaiting = Math.min(waiting + arrived - served, (load / serviceS) * patienceS)
    this.#inFlight = inService + stillWaiting
    this.#concurrencySeconds += this.#inFlight * seconds
    this.#busySeconds += capacity === 0 ? 0 : (inService / capacity) * seconds
  }

  /** What was measured since the last sample. */
  sample(): FleetSample {
    const elapsedS = this.#nowS - this.#sampledAtS
    const busy = elapsedS === 0 ? 0 : this.#busySeconds / elapsedS
    const concurrency = elapsedS === 0 ? 0 : this.#concurrencySeconds / elapsedS
    this.#sampledAtS = this.#nowS
    this.#concurrencySeconds = 0
    this.#busySeconds = 0
    const instances = this.#kept.map(({ readyAtS }): InstanceSample => {
      const isReady = readyAtS <= this.#nowS
      const measured = isReady ? busy : undefined
      return { isReady, eventLoopUtilization: measured, cpu: measured, rssBytes: undefined }
    })
    return { atMs: this.#nowS * 1_000, concurrency, instances, availableMemoryBytes: undefined }
  }
}
