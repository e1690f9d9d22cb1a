// One served app: its life from start to close, and what it answers on the way.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { setTimeout as pause } from 'node:timers/promises'
import { Server as TlsServer } from 'node:tls'
import type { InstanceState, InstanceTelemetry } from '../base/instance-telemetry.ts'
import { warn } from '../base/warning.ts'
import type { AppServer, HttpServer } from './app.ts'
import { Connections } from './connections.ts'
import type { CutWork } from './connections.ts'
import { drain } from './drain.ts'
import { stripForgedMarker } from './forged-marker.ts'
import { placeGate } from './gate.ts'
import { runHook } from './hooks.ts'
import { moved } from './lifecycle.ts'
import { listenError } from './listen-error.ts'
import { LoopMeter } from './loop-meter.ts'
import type { Settings } from './options.ts'
import { OwnPaths } from './own-paths.ts'
import { Readiness } from './readiness.ts'
import { refuseRequest, refuseUpgrade } from './refusal.ts'
import type { ServedInstance } from './served-instance.ts'
import { leaveOnSignals } from './signals.ts'
import type { StopSignal } from './signals.ts'

/** An idle connection to a balancer of ours may live so long: the balancer, told of the drain, closes it after 4 s at the latest. */
const balancerLingerMs = 5_000
/** Of any other client, a request that is on its way has arrived by then. */
const lingerMs = 1_000
/** A refused balancer of ours comes no more: when nobody has come for so long, the port may close. */
const settleMs = 100
const readyPollMs = 100

export class Instance implements ServedInstance {
  readonly ready: Promise<boolean>
  readonly #app: AppServer
  readonly #settings: Settings
  readonly #connections: Connections
  readonly #readiness: Readiness
  readonly #ownPaths: OwnPaths
  readonly #hurry = new AbortController()
  readonly #loop = new LoopMeter()
  readonly #startedMs = performance.now()
  readonly #wasReady = Promise.withResolvers<boolean>()
  #state: InstanceState = 'starting'
  #listening: Promise<unknown> = Promise.resolve()
  #left: Promise<CutWork> | undefined
  #isReadyOnce = false
  #requests = 0
  #refused = 0
  #forgetSignals: () => void = () => undefined

  constructor(app: AppServer, settings: Settings) {
    this.#app = app
    this.#settings = settings
    this.ready = this.#wasReady.promise
    this.#connections = new Connections(app.server, () => performance.now())
    this.#readiness = new Readiness(settings.isReady, settings.readyTimeoutMs, warn)
    this.#ownPaths = new OwnPaths({
      settings,
      readiness: this.#readiness,
      state: () => this.#state,
      telemetry: () => this.telemetry(),
    })
    placeGate(app.server, {
      admitsRequest: (req, res) => this.#admitsRequest(req, res),
      admitsUpgrade: (req, socket) => this.#admitsUpgrade(req, socket),
    })
    keepAlive(app.server, settings.keepAliveTimeoutMs)
  }

  get server(): HttpServer {
    return this.#app.server
  }

  get state(): InstanceState {
    return this.#state
  }

  get port(): number {
    return addressOf(this.server)?.port ?? this.#settings.port
  }

  get url(): string {
    const { host } = this.#settings
    const isAny = host === '::' || host === '0.0.0.0'
    const shown = isAny ? '127.0.0.1' : host.includes(':') ? `[${host}]` : host
    return `${this.server instanceof TlsServer ? 'https' : 'http'}://${shown}:${this.port}`
  }

  telemetry(): InstanceTelemetry {
    const { rss, heapUsed } = process.memoryUsage()
    return {
      pid: process.pid,
      state: this.#state,
      uptimeMs: Math.round(performance.now() - this.#startedMs),
      inFlight: this.#connections.inFlight,
      upgraded: this.#connections.upgraded,
      requests: this.#requests,
      refused: this.#refused,
      ...this.#loop.read(),
      rssBytes: rss,
      heapUsedBytes: heapUsed,
      fingerprint: this.#settings.fingerprint,
      idempotentRoutes: this.#settings.idempotentRoutes,
    }
  }

  /** Called once. */
  start(): void {
    const { signal, signals } = this.#settings
    if (signals) this.#forgetSignals = leaveOnSignals((name) => this.#leaveOnSignal(name))
    this.#listening = this.#app.listen(this.#settings)
    this.#listening.then(
      () => this.#begin(),
      (error: unknown) => this.#fail(error),
    )
    const close = () => {
      const isAsked = this.#left !== undefined
      this.close().catch((error: unknown) => {
        if (!isAsked) warn(error)
      })
    }
    // The app may also close its server itself.
    this.server.once('close', close)
    if (signal?.aborted === true) close()
    else signal?.addEventListener('abort', close, { once: true })
  }

  #begin(): void {
    if (this.#state !== 'starting') return
    this.#move('serving')
    void this.#becomeReady()
  }

  async #becomeReady(): Promise<void> {
    while (this.#state === 'serving') {
      if (await this.#readiness.isReady()) {
        this.#isReadyOnce = true
        this.#wasReady.resolve(true)
        return
      }
      await pause(readyPollMs, undefined, { ref: false })
    }
  }

  #fail(error: unknown): void {
    this.#forgetSignals()
    if (this.#state === 'starting') this.#move('closed')
    this.#wasReady.reject(listenError(error, this.#settings))
  }

  #move(to: InstanceState): void {
    this.#state = moved(this.#state, to)
  }

  drain(): Promise<CutWork> {
    this.#left ??= this.#leave()
    return this.#left
  }

  close(): Promise<CutWork> {
    this.#hurry.abort()
    return this.drain()
  }

  async #leave(): Promise<CutWork> {
    if (this.#state === 'closed') return { requests: 0, upgraded: 0 }
    if (this.#state === 'serving' && this.#isReadyOnce) await this.#serveOn()
    await this.#beginDraining()
    const tidied = [this.#tidy('onDrain', this.#settings.onDrain)]
    const cut = await this.#finishWork(tidied)
    tidied.push(this.#tidy('onClose', this.#settings.onClose))
    const failures = (await Promise.all(tidied)).filter((failure) => failure !== undefined)
    this.#move('closed')
    this.#forgetSignals()
    this.#loop.stop()
    if (failures.length > 1)
      throw new AggregateError(failures, failures.map(({ message }) => message).join('; '))
    if (failures[0] !== undefined) throw failures[0]
    return cut
  }

  /** Until a foreign balancer has noticed: every answer is its connection's last, and each new connection is welcome. */
  async #serveOn(): Promise<void> {
    const { graceMs } = this.#settings
    if (graceMs === 0 || this.#hurry.signal.aborted) return
    this.#move('leaving')
    this.#connections.endWithAnswers()
    await pause(graceMs, undefined, { signal: this.#hurry.signal }).catch(() => undefined)
  }

  async #beginDraining(): Promise<void> {
    const isStarting = this.#state === 'starting'
    this.#move('draining')
    this.#wasReady.resolve(false)
    this.#connections.endWithAnswers()
    // A server cannot be closed while it begins to listen.
    if (isStarting) await this.#tidy('the start', () => this.#listening.catch(() => undefined))
  }

  /**
   * A balancer of ours is refused, not shut out: a connection closed under a request that is on its way, or reset in the
   * listener's queue, looks as if the request could have taken effect.
   */
  async #finishWork(tidied: Promise<Error | undefined>[]): Promise<CutWork> {
    const isRefusing = this.#settings.marker !== undefined
    const early = isRefusing ? undefined : this.#app.close()
    // What it fails with is told below.
    early?.catch(() => undefined)
    const cut = await drain(this.#connections, {
      lingerMs: isRefusing ? balancerLingerMs : lingerMs,
      settleMs: isRefusing ? settleMs : 0,
      timeoutMs: this.#settings.drainTimeoutMs,
    })
    const tidy = this.#tidy('closing the app', () => early ?? this.#app.close())
    tidied.push(tidy)
    await tidy
    return cut
  }

  #tidy(name: string, hook: (() => unknown) | undefined): Promise<Error | undefined> {
    return runHook(name, hook, this.#settings.closeTimeoutMs)
  }

  /** Whether nothing was cut and nothing failed. */
  async #leaveOnSignal(name: StopSignal): Promise<boolean> {
    // A person at the keyboard waits, and no balancer has heard of it.
    const leaving = name === 'SIGINT' ? this.close() : this.drain()
    try {
      const { requests } = await leaving
      if (requests > 0)
        warn(
          `Cut ${requests} requests that were not finished ${this.#settings.drainTimeoutMs} ms after the drain began`,
        )
      return requests === 0
    } catch (error) {
      warn(error)
      return false
    }
  }

  #admitsRequest(req: IncomingMessage, res: ServerResponse): boolean {
    if (this.#connections.hasBegun(req, res)) return true
    if (this.#state !== 'serving' && !this.#connections.endWith(req, res)) return false
    if (this.#ownPaths.answers(req, res)) return false
    const { marker } = this.#settings
    if (this.#state === 'draining' && marker !== undefined) {
      this.#refused += 1
      refuseRequest(req, res, marker)
      return false
    }
    if (marker !== undefined) stripForgedMarker(res)
    this.#requests += 1
    this.#connections.begin(req, res)
    return true
  }

  #admitsUpgrade(req: IncomingMessage, socket: Duplex): boolean {
    const { marker } = this.#settings
    if (this.#state === 'draining' && marker !== undefined) {
      this.#refused += 1
      refuseUpgrade(socket, marker)
      return false
    }
    this.#connections.upgrade(req)
    return true
  }
}

function addressOf(server: HttpServer): AddressInfo | undefined {
  const address = server.address()
  return address === null || typeof address === 'string' ? undefined : address
}

/**
 * The balancer must be the one that closes: a request that meets our closing is lost. Its headersTimeout may stay as it is:
 * since Node 20 it counts from a request's first byte.
 */
function keepAlive(server: HttpServer, keepAliveTimeoutMs: number): void {
  // 0 means for ever.
  if (server.keepAliveTimeout === 0) return
  server.keepAliveTimeout = Math.max(server.keepAliveTimeout, keepAliveTimeoutMs)
}
