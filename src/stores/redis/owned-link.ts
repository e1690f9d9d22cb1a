// A link that keeps its own connection: opened by the first use, replaced when it is lost or hangs, closed with the store.
//
//   idle ──use──▶ connecting ──▶ ready ──lost──▶ connecting      (at once: a restarted server is back in no time)
//                    │ failed      │ hangs, or takes no writes
//                    └──▶ waiting ◀┘   waiting ──pause over──▶ connecting
//   any ──close──▶ closed
//
// Calls wait for a connection only while none has failed since the last good one; after that they fail at once, so an
// outage costs its callers no time, and the link finds the server again by itself.
import { withDeadline } from '../../base/deadline.ts'
import { TimeLimit } from '../../base/time-limit.ts'
import { describe } from '../unavailable.ts'
import type { ConnectRedis, ConnectionEvents, OwnedRedisClient } from './client.ts'
import type { RedisLimits } from './defaults.ts'
import { closedError, late, linkError } from './link.ts'
import type { LinkObserver, TrackingLink } from './link.ts'

interface LiveClient {
  readonly client: OwnedRedisClient
  /** How many replies came so far: a call that timed out without any in the meantime met a hanging connection. */
  replies: number
}

type Phase =
  | { readonly name: 'idle' }
  | { readonly name: 'connecting'; readonly live: Promise<LiveClient> }
  | { readonly name: 'ready'; readonly live: LiveClient }
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout }
  | { readonly name: 'closed' }

/** One call: where it was sent, and whether its caller has given up. */
interface Ticket {
  isLate: boolean
  sentTo: LiveClient | undefined
  repliesBefore: number
}

export interface OwnedLinkSettings {
  /** Loads the peer; rejects with PEER_MISSING. Its time does not count: it waits for the disk, not for Redis. */
  readonly loadConnector: () => Promise<ConnectRedis>
  readonly limits: RedisLimits
  readonly random: () => number
}

/** Doubles with each failure up to the limit; the jitter keeps many servers from knocking in step. */
export function reconnectPauseMs(failures: number, limits: RedisLimits, random: () => number): number {
  const fullMs = Math.min(limits.reconnectPauseMs * 2 ** (failures - 1), limits.maxReconnectPauseMs)
  return Math.round(fullMs * (0.5 + random() / 2))
}

/** How a server that was a primary and is none any more answers a write, also from within a script. */
const takesNoWrites = /(?:^|-)(?:READONLY|MASTERDOWN) /

export class OwnedLink implements TrackingLink {
  readonly isCluster = false
  readonly #settings: OwnedLinkSettings
  readonly #limits: RedisLimits
  readonly #timeLimit: TimeLimit
  readonly #observers: LinkObserver[] = []
  #connector: ConnectRedis | undefined
  #phase: Phase = { name: 'idle' }
  readonly #closing = new AbortController()
  #failures = 0
  #lastError: Error | undefined
  #pending = 0

  constructor(settings: OwnedLinkSettings) {
    this.#settings = settings
    this.#limits = settings.limits
    this.#timeLimit = new TimeLimit(settings.limits.operationTimeoutMs)
  }

  /** Whether calls fail at once, because the last connection did and no new one is there yet. */
  get isFailing(): boolean {
    return this.#failures > 0
  }

  observe(observer: LinkObserver): void {
    this.#observers.push(observer)
  }

  async probe(): Promise<void> {
    // A server that nobody has asked anything remembers nothing.
    if (this.#phase.name !== 'ready') return
    // What it finds out is kept by the phase.
    await this.run('probe Redis', (redis) => redis.sendCommand(['PING'])).catch(() => undefined)
  }

  async run<T>(doing: string, act: (redis: OwnedRedisClient) => Promise<T>): Promise<T> {
    try {
      return await this.attempt(doing, act)
    } catch (error) {
      throw linkError(doing, error)
    }
  }

  /** The same, but a failure is what the client or the server made of it. */
  async attempt<T>(doing: string, act: (redis: OwnedRedisClient) => Promise<T>): Promise<T> {
    this.#pending += 1
    const ticket: Ticket = { isLate: false, sentTo: undefined, repliesBefore: 0 }
    try {
      if (this.#pending > this.#limits.maxPendingCommands) throw new Error('too many commands wait for Redis')
      this.#connector ??= await this.#settings.loadConnector()
      return await this.#timeLimit.bound(this.#send(ticket, act), () => this.#onLate(ticket, doing))
    } finally {
      this.#pending -= 1
    }
  }

  async close(): Promise<void> {
    const phase = this.#phase
    this.#phase = { name: 'closed' }
    this.#tellLost()
    this.#closing.abort()
    if (phase.name === 'waiting') clearTimeout(phase.timer)
    if (phase.name !== 'ready') return
    const { client } = phase.live
    const timeoutMs = this.#limits.operationTimeoutMs
    await withDeadline(client.close(), timeoutMs, () => late('close', timeoutMs)).catch(() =>
      client.destroy(),
    )
  }

  async #send<T>(ticket: Ticket, act: (redis: OwnedRedisClient) => Promise<T>): Promise<T> {
    const live = this.#phase.name === 'ready' ? this.#phase.live : await this.#acquire()
    // Its caller was told STORE_UNAVAILABLE: a write now could undo what they did since.
    if (ticket.isLate) throw new Error('the connection came too late')
    ticket.sentTo = live
    ticket.repliesBefore = live.replies
    try {
      return await act(live.client)
    } catch (error) {
      if (takesNoWrites.test(describe(error))) this.#replace(live, error)
      // Ended because the connection was: say why it was, not that it was.
      throw this.#phase.name === 'ready' && this.#phase.live === live ? error : this.#notConnected()
    } finally {
      live.replies += 1
    }
  }

  #acquire(): Promise<LiveClient> {
    if (this.#phase.name === 'idle') this.#connect()
    const phase = this.#phase
    if (phase.name === 'ready') return Promise.resolve(phase.live)
    if (phase.name === 'connecting' && this.#failures === 0) return phase.live
    return Promise.reject(this.#notConnected())
  }

  #notConnected(): Error {
    if (this.#phase.name === 'closed') return closedError()
    return new Error(`Redis is not connected (${this.#lastError?.message ?? ''})`, { cause: this.#lastError })
  }

  #connect(): void {
    const live = this.#open()
    this.#phase = { name: 'connecting', live }
    live.then(
      (opened) => this.#onOpened(opened),
      (error: unknown) => this.#onFailed(error),
    )
  }

  async #open(): Promise<LiveClient> {
    this.#connector ??= await this.#settings.loadConnector()
    let opened: LiveClient | undefined
    const events: ConnectionEvents = {
      onLost: (error) => {
        if (opened !== undefined) this.#onLost(opened, error)
      },
      onChanged: (redisKey) => {
        for (const observer of this.#observers) observer.onChanged(redisKey)
      },
    }
    const client = await this.#connector(events, this.#closing.signal)
    opened = { client, replies: 0 }
    return opened
  }

  #onOpened(live: LiveClient): void {
    if (this.#phase.name === 'closed') {
      live.client.destroy()
      return
    }
    this.#failures = 0
    this.#phase = { name: 'ready', live }
  }

  #onFailed(error: unknown): void {
    if (this.#phase.name === 'closed') return
    this.#failures += 1
    this.#lastError = asError(error)
    this.#pauseBeforeConnecting()
  }

  #pauseBeforeConnecting(): void {
    const pauseMs = reconnectPauseMs(this.#failures, this.#limits, this.#settings.random)
    const timer = setTimeout(() => this.#connect(), pauseMs)
    timer.unref()
    this.#phase = { name: 'waiting', timer }
  }

  #onLost(live: LiveClient, error: Error): void {
    if (this.#phase.name !== 'ready' || this.#phase.live !== live) return
    this.#lastError = error
    this.#connect()
    this.#tellLost()
    live.client.destroy()
  }

  /** Gives up a connection that is there but of no use: another one may lead to where the primary is by now. */
  #replace(live: LiveClient, error: unknown): void {
    if (this.#phase.name !== 'ready' || this.#phase.live !== live) return
    this.#failures = 1
    this.#lastError = asError(error)
    this.#pauseBeforeConnecting()
    this.#tellLost()
    live.client.destroy()
  }

  #onLate(ticket: Ticket, doing: string): Error {
    ticket.isLate = true
    const error = late(doing, this.#limits.operationTimeoutMs)
    const live = ticket.sentTo
    if (live === undefined) this.#onConnectingLate(error)
    else if (live.replies === ticket.repliesBefore) this.#replace(live, error)
    return error
  }

  /** One caller has waited in vain for the connection: it may still come, but no other caller waits for it. */
  #onConnectingLate(error: Error): void {
    if (this.#phase.name !== 'connecting' || this.#failures > 0) return
    this.#failures = 1
    this.#lastError = error
  }

  #tellLost(): void {
    for (const observer of this.#observers) observer.onLost()
  }
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
