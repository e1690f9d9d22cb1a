// What is done about what the watch sees: hung instances are killed, those with too much memory replaced, and routes that all announce enforced.
import type { Clock } from '../base/clock.ts'
import type { FleetConfig } from '../config/options.ts'
import type { InstanceView } from '../supervisor/fleet-options.ts'
import { decideRecycle, fullPace, type RecyclePace } from '../supervisor/memory.ts'
import { seconds, type Announcement } from './announcement.ts'
import { InstanceWatch, type InstanceWatchPorts } from './instance-watch.ts'

type CaredInstance = Pick<InstanceView, 'id' | 'epoch' | 'state' | 'role' | 'isRetiring' | 'readyAtMs'>

/** What may be done to an instance. */
export interface CaredFleet {
  instances(): readonly CaredInstance[]
  kill(id: string, verdict?: string): unknown
  retire(id: string): Promise<unknown>
}

export interface CarePorts {
  readonly fleet: CaredFleet
  readonly clock: Clock
  readonly onRoutes: InstanceWatchPorts['onRoutes']
  readonly announce: (announcement: Announcement) => void
}

export interface CareOptions extends Pick<FleetConfig, 'health' | 'hangTimeoutMs' | 'maxMemory'> {
  /** From one look at memory and processors to the next. Default 2,000, as often as the load decides how many instances there are. */
  readonly lookIntervalMs?: number
}

export class InstanceCare {
  readonly watch: InstanceWatch
  readonly #ports: CarePorts
  readonly #maxMemory: number
  /** Hung, and not killed because too many are not ready: by id, with its epoch. */
  readonly #spared = new Map<string, number>()
  /** Killed, by id with its epoch: the fleet hears of a death only when it has happened. */
  readonly #killed = new Map<string, number>()
  /** Found to have too much memory: by id, with its epoch. */
  readonly #heavy = new Map<string, { readonly epoch: number; readonly readyForMs: number }>()
  #recyclePace: RecyclePace = fullPace

  /** `secret`: the fleet's secret word. */
  constructor(
    { health, hangTimeoutMs, maxMemory, lookIntervalMs = 2_000 }: CareOptions,
    secret: string,
    ports: CarePorts,
  ) {
    this.#ports = ports
    this.#maxMemory = maxMemory ?? Number.POSITIVE_INFINITY
    this.watch = new InstanceWatch(
      {
        secret,
        healthPath: health,
        hangTimeoutMs: hangTimeoutMs ?? Number.POSITIVE_INFINITY,
        memoryCeilingBytes: maxMemory,
        lookIntervalMs,
      },
      {
        onHang: (id, epoch, detail) => {
          this.#handleHang(id, epoch, detail)
        },
        onMemory: (id, epoch, rssBytes) => {
          this.#handleMemory(id, epoch, rssBytes)
        },
        onDrift: (id, epoch, sentence) => {
          if (this.#isReady(id, epoch)) ports.fleet.kill(id, `was refused: ${sentence}`)
        },
        onRoutes: ports.onRoutes,
        onTelemetry: () => undefined,
      },
    )
  }

  /** The instances have changed. */
  follow(views: readonly InstanceView[]): void {
    this.watch.follow(views)
    for (const [id, epoch] of this.#spared) this.#reconsider(id, epoch)
  }

  #reconsider(id: string, epoch: number): void {
    const state = this.#stateOf(id, epoch)
    if (state === 'ready' && !this.#mayLoseOne()) return
    this.#spared.delete(id)
    if (state === 'ready') this.#replace(id)
    else if (state === 'draining') this.#kill(id, epoch, 'hangs, and was killed')
  }

  /**
   * Where half of the fleet is not ready already, what they all wait for is to blame, such as a database, and killing the rest
   * would make an outage of a delay: it is replaced once the others are back.
   */
  #handleHang(id: string, epoch: number, detail: string): void {
    const state = this.#stateOf(id, epoch)
    if (state !== 'ready' && state !== 'draining') return
    // One that drains is not missed, only what it holds.
    if (state === 'draining' || this.#mayLoseOne()) {
      this.#kill(id, epoch, `${detail}: it hangs, and was killed`)
      return
    }
    this.#spared.set(id, epoch)
    this.#ports.announce({ tone: 'bad', text: `instance ${id} ${detail}; it stays until others are ready` })
  }

  /** Told again and again while it is so: one that must wait for its turn gets it at a later look. */
  #handleMemory(id: string, epoch: number, rssBytes: number): void {
    const instance = this.#find(id, epoch)
    if (instance?.state !== 'ready' || instance.isRetiring) return
    const nowMs = this.#ports.clock.now()
    const known = this.#heavy.get(id)
    const isNews = known?.epoch !== epoch
    const readyForMs = isNews ? nowMs - (instance.readyAtMs ?? nowMs) : known.readyForMs
    this.#heavy.set(id, { epoch, readyForMs })
    const pace = decideRecycle(this.#recyclePace, readyForMs, nowMs)
    this.#recyclePace = pace ?? this.#recyclePace
    const what = `instance ${id} holds ${megabytes(rssBytes)} of memory, more than ${megabytes(this.#maxMemory)}`
    if (pace !== undefined) {
      this.#ports.announce({ tone: 'bad', text: `${what}: replacing it` })
      this.#replace(id)
    } else if (isNews) {
      const why = `as soon as ${seconds(readyForMs)} after its start, and so will the next one`
      this.#ports.announce({ tone: 'bad', text: `${what}, ${why}: it stays for a while` })
    }
  }

  #kill(id: string, epoch: number, verdict: string): void {
    this.#killed.set(id, epoch)
    this.#ports.fleet.kill(id, verdict)
  }

  #replace(id: string): void {
    // It can only fail when the instance is no longer ready, and then something else has ended it.
    this.#ports.fleet.retire(id).catch(() => undefined)
  }

  #isReady(id: string, epoch: number): boolean {
    return this.#stateOf(id, epoch) === 'ready'
  }

  #stateOf(id: string, epoch: number): InstanceView['state'] | undefined {
    return this.#find(id, epoch)?.state
  }

  #find(id: string, epoch: number): CaredInstance | undefined {
    return this.#ports.fleet.instances().find((one) => one.id === id && one.epoch === epoch)
  }

  #mayLoseOne(): boolean {
    const servers = this.#ports.fleet.instances().filter(({ role }) => role === 'server')
    const absent = servers.filter(
      ({ id, epoch, state }) => state !== 'ready' || this.#killed.get(id) === epoch,
    ).length
    return absent * 2 < servers.length
  }
}

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)} MB`
}
