// Waits until an instance answers, and finds out where: on PORT, or on whatever port it opened instead.
import type { Scheduler } from '../../supervisor/scheduler.ts'
import { pause } from '../../supervisor/scheduler.ts'
import type { Forwarder } from './forwarder.ts'
import { askPath, detectScheme } from './http-probe.ts'
import type { Instance } from './instance.ts'
import { describeExit } from './instance.ts'
import type { ListeningPort } from './listening.ts'
import { listListening } from './listening.ts'
import { AppFailure } from './servers.ts'

export interface Search {
  readonly instance: Instance
  /** Given to it as PORT. */
  readonly port: number
  /** Where to look before it is known what it listens on. */
  readonly likely: readonly number[]
  /** The port that it asked for, by the one that it was given instead. */
  readonly askedFor: (port: number) => number
  /** The port that it asked for when it was found before; undefined the first time. */
  readonly remembered: number | undefined
  readonly forwarder: Forwarder | undefined
  readonly readyPath: string | undefined
  readonly timeoutMs: number
  readonly scheduler: Scheduler
}

export interface Found {
  readonly origin: string
  /** What the app itself calls its port. */
  readonly asked: number
  /** What it listens on. */
  readonly port: number
  /** Several ports spoke HTTP, and each was asked for a page to choose one. */
  readonly wasAsked: boolean
}

const tickMs = 10
/** Before it, the app is likely to be still starting: looking through /proc costs more than a refused connection. */
const firstLookMs = 80
/** An app that opens several ports does so within this time, and is still looked at for PORT. */
const settleMs = 300

/** Rejects with AppFailure when the app ends or is too late. */
export async function findOrigin(search: Search): Promise<Found> {
  const { instance, readyPath, scheduler, forwarder } = search
  const origins = new Origins(search)
  const timer = new AbortController()
  const cancel = scheduler.after(search.timeoutMs, () => {
    timer.abort()
  })
  // Whoever listens on one that the app did not take is somebody else.
  const isClaimed = (port: number) => port === search.port || search.askedFor(port) !== port
  let found: Found | undefined
  let lastStatus: number | undefined
  let ticks = 0
  try {
    for (;;) {
      if (await instance.hasEnded()) throw await earlyExit(instance)
      if (timer.signal.aborted) throw await tooLate(search, found, lastStatus)
      found ??= await origins.choose()
      if (found !== undefined) {
        if (readyPath === undefined) return found
        lastStatus = await askPath(found.origin, readyPath, timer.signal)
        if (lastStatus !== undefined && lastStatus < 500) return found
      } else {
        for (const likely of forwarder === undefined ? search.likely.filter(isClaimed) : [])
          origins.look({ port: likely, host: '127.0.0.1' })
        ticks += 1
        if (forwarder !== undefined || (ticks * tickMs >= firstLookMs && ticks % 4 === 0))
          await origins.lookAtAll()
      }
      await pause(scheduler, tickMs, timer.signal)
    }
  } finally {
    cancel()
  }
}

class Origins {
  readonly #search: Search
  readonly #pending = new Set<number>()
  /** Those that speak HTTP, in the order in which they were seen to. */
  readonly #answering = new Map<number, string>()
  #isSettled = false

  constructor(search: Search) {
    this.#search = search
  }

  look({ port, host }: ListeningPort): void {
    if (this.#pending.has(port) || this.#answering.has(port)) return
    this.#pending.add(port)
    void this.#probe(port, host).finally(() => this.#pending.delete(port))
  }

  async lookAtAll(): Promise<void> {
    const { pid } = this.#search.instance
    if (pid === undefined) return
    for (const listening of await listListening(pid)) this.look(listening)
  }

  /** Undefined while nothing answers, or others than PORT have done so for a moment only. */
  async choose(): Promise<Found | undefined> {
    const { port, askedFor, remembered } = this.#search
    const ports = [...this.#answering.keys()]
    const wanted = ports.find((one) => one === port) ?? ports.find((one) => askedFor(one) === remembered)
    if (wanted !== undefined) return this.#found(wanted, false)
    if (!this.#isSettled || ports.length === 0) return undefined
    if (ports.length > 1) return this.#found(await this.#friendliest(ports), true)
    return this.#found(ports[0] ?? port, false)
  }

  #found(port: number, wasAsked: boolean): Found {
    return { origin: this.#answering.get(port) ?? '', asked: this.#search.askedFor(port), port, wasAsked }
  }

  /** The one that shows a page, else the first that opened. */
  async #friendliest(ports: readonly number[]): Promise<number> {
    const path = this.#search.readyPath ?? '/'
    const statuses = await Promise.all(
      ports.map((port) => askPath(this.#answering.get(port) ?? '', path, undefined)),
    )
    const ranks = statuses.map((status = 600) => (status < 400 ? 0 : status))
    return ports[ranks.indexOf(Math.min(...ranks))] ?? this.#search.port
  }

  async #probe(port: number, host: string): Promise<void> {
    const { forwarder, scheduler, likely } = this.#search
    if (forwarder !== undefined) {
      const outer = await forwarder.portFor(port)
      const found = await originAt('127.0.0.1', outer)
      if (found !== undefined) this.#add(port, found, scheduler)
      return
    }
    const found =
      (await originAt(host, port)) ?? (likely.includes(port) ? await originAtBoth(port) : undefined)
    if (found !== undefined) this.#add(port, found, scheduler)
  }

  #add(port: number, origin: string, scheduler: Scheduler): void {
    if (this.#answering.size === 0) {
      scheduler.after(settleMs, () => {
        this.#isSettled = true
      })
    }
    this.#answering.set(port, origin)
  }
}

async function originAt(host: string, port: number): Promise<string | undefined> {
  const scheme = await detectScheme(host, port)
  return scheme === undefined ? undefined : `${scheme}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** An app that listens on 'localhost' may be on either family; one that is on both may just have opened them. */
async function originAtBoth(port: number): Promise<string | undefined> {
  const six = await originAt('::1', port)
  return six === undefined ? undefined : ((await originAt('127.0.0.1', port)) ?? six)
}

async function earlyExit(instance: Instance): Promise<AppFailure> {
  await instance.ended()
  const how = instance.exit === undefined ? 'unseen' : describeExit(instance.exit)
  return new AppFailure(`The app ended (${how}) before it was ready`, instance.lastLines)
}

async function tooLate(
  { instance, readyPath, timeoutMs }: Search,
  found: Found | undefined,
  status: number | undefined,
): Promise<AppFailure> {
  const late = `The app was not ready within ${timeoutMs / 1000} s`
  if (found !== undefined) {
    const answer = status === undefined ? 'got no answer' : `answered ${status}`
    return new AppFailure(`${late}: GET ${readyPath} ${answer}`, instance.lastLines)
  }
  const ports = instance.pid === undefined ? [] : await listListening(instance.pid)
  const why =
    ports.length === 0
      ? 'it listens on no port'
      : `it listens on ${ports.map(({ port }) => port).join(', ')}, where nothing speaks HTTP`
  return new AppFailure(`${late}: ${why}`, instance.lastLines)
}
