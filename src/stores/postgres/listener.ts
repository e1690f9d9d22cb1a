// Hears what others tell on a channel, over one connection that is open only while somebody wants to know.
//
//   idle ──first wish──▶ connecting ──▶ listening ──lost, or no sign of life──▶ waiting
//                            │ failed                                             │ pause over
//                            └───────────────────▶ waiting ◀──────┐               ▼
//                                                     └───────────┴────────── connecting
//   any ──last wish gone, or closed──▶ idle
import { withDeadline } from '../../base/deadline.ts'
import { ask } from './client.ts'
import type { PostgresClient, Value } from './client.ts'
import type { PostgresLimits } from './defaults.ts'

type Phase =
  | { readonly name: 'idle' }
  | { readonly name: 'connecting' }
  | Listening
  | { readonly name: 'waiting'; readonly timer: NodeJS.Timeout }

interface Listening {
  readonly name: 'listening'
  readonly client: PostgresClient
  readonly isStopped: () => boolean
  readonly stop: (error?: Error) => void
}

export interface ListenerSettings {
  readonly channel: string
  /** Asked before it listens. */
  readonly prologue: string | undefined
  /** A connection to listen on; without one it only says now and then that it is unsure. */
  readonly connect: (() => Promise<PostgresClient>) | undefined
  readonly limits: PostgresLimits
  readonly random: () => number
  /** Told of each payload. */
  readonly onTold: (payload: string) => void
  /** Anything may have gone untold: it was not listened until now, or it is time to look anyhow. */
  readonly onUnsure: () => void
}

export class Listener {
  readonly #settings: ListenerSettings
  readonly #limits: PostgresLimits
  #phase: Phase = { name: 'idle' }
  #wishes = 0
  #failures = 0
  #heartbeat: NodeJS.Timeout | undefined

  constructor(settings: ListenerSettings) {
    this.#settings = settings
    this.#limits = settings.limits
  }

  /** Listens until the returned function, and those of all others, were called. It is idempotent. */
  wish(): () => void {
    this.#wishes += 1
    if (this.#wishes === 1) this.#begin()
    let isOver = false
    return () => {
      if (isOver) return
      isOver = true
      this.#wishes -= 1
      if (this.#wishes === 0) this.close()
    }
  }

  close(): void {
    clearInterval(this.#heartbeat)
    const phase = this.#phase
    this.#phase = { name: 'idle' }
    if (phase.name === 'waiting') clearTimeout(phase.timer)
    // Closed, and not given back: whoever borrowed it next would go on listening.
    if (phase.name === 'listening') phase.stop()
  }

  #begin(): void {
    const beat = () => {
      void this.#checkLife()
    }
    this.#heartbeat = setInterval(beat, this.#limits.watchIntervalMs).unref()
    const { connect } = this.#settings
    if (connect !== undefined && this.#phase.name === 'idle') this.#connect(connect)
  }

  #connect(connect: () => Promise<PostgresClient>): void {
    this.#phase = { name: 'connecting' }
    this.#listen(connect).then(
      (phase) => {
        // Nobody wants to know any more; or, after that, somebody does again and another connection is on its way.
        if (this.#phase.name !== 'connecting') {
          phase.stop()
          return
        }
        if (phase.isStopped()) {
          this.#pause(connect)
          return
        }
        this.#phase = phase
        this.#failures = 0
        this.#settings.onUnsure()
      },
      () => this.#pause(connect),
    )
  }

  async #listen(connect: () => Promise<PostgresClient>): Promise<Listening> {
    const { channel, prologue, onTold } = this.#settings
    const client = await connect()
    let isStopped = false
    const onNotification = (message: { channel: string; payload?: string | undefined }) => {
      if (message.channel === channel && message.payload !== undefined) onTold(message.payload)
    }
    const stop = (error: Error = new Error('not listening any more')) => {
      if (isStopped) return
      isStopped = true
      client.off('notification', onNotification)
      client.release(error)
      if (this.#phase.name === 'listening' && this.#phase.client === client) this.#pause(connect)
    }
    client.on('error', stop)
    client.on('notification', onNotification)
    client.unref()
    try {
      if (prologue !== undefined) await this.#ask(client, prologue)
      await this.#ask(client, `LISTEN ${channel}`)
    } catch (error) {
      stop()
      throw error
    }
    return { name: 'listening', client, isStopped: () => isStopped, stop }
  }

  #pause(connect: () => Promise<PostgresClient>): void {
    if (this.#wishes === 0) {
      this.#phase = { name: 'idle' }
      return
    }
    const { relistenPauseMs, maxRelistenPauseMs } = this.#limits
    const fullMs = Math.min(relistenPauseMs * 2 ** this.#failures, maxRelistenPauseMs)
    this.#failures += 1
    // The jitter keeps many servers from knocking in step.
    const timer = setTimeout(
      () => this.#connect(connect),
      Math.round(fullMs * (0.5 + this.#settings.random() / 2)),
    )
    this.#phase = { name: 'waiting', timer: timer.unref() }
  }

  /** A connection that died without a word would tell nothing; behind some poolers it never does. So it looks, too. */
  async #checkLife(): Promise<void> {
    const phase = this.#phase
    if (phase.name === 'listening') {
      await this.#ask(phase.client, 'SELECT 1').catch((error: unknown) => {
        phase.stop(error instanceof Error ? error : new Error(String(error)))
      })
    }
    this.#settings.onUnsure()
  }

  #ask(client: PostgresClient, text: string, values: readonly Value[] = []): Promise<unknown> {
    const { operationTimeoutMs } = this.#limits
    const late = () => new Error(`PostgreSQL did not answer within ${operationTimeoutMs} ms`)
    return withDeadline(ask(client, text, values), operationTimeoutMs, late)
  }
}
