// A link for stores whose every call is one script: wherever an address leads, or over a client that somebody else
// made.
import type { Clock } from '../../base/clock.ts'
import { readAddress } from './address.ts'
import { runConfirmed, timeText } from './calls.ts'
import type { Confirmation } from './calls.ts'
import type { InjectedRedisClient } from './commands.ts'
import { defaultReplicaTimeoutMs } from './defaults.ts'
import { isSentinelClient } from './injected-commands.ts'
import { InjectedLink } from './injected-link.ts'
import type { RedisLink } from './link.ts'
import { linkOpener } from './open-link.ts'
import type { RedisStoreOptions, RedisSettings } from './options.ts'
import { runScript } from './script.ts'
import type { Script, ScriptCall } from './script.ts'

/** What such a store may be told: as a session store, but that nothing is cached. */
export interface PlainRedisOptions extends Omit<RedisStoreOptions, 'nearCache' | 'keyPrefix'> {
  /** What every key begins with. Default: 'drover:idempotency:' for idempotency keys, 'drover:lease:' for leases, 'drover:token:' for tokens. */
  readonly keyPrefix?: string
}

export class PlainLink {
  readonly #link: RedisLink
  readonly #clock: Clock
  readonly #prefix: string
  readonly #confirmation: Confirmation

  constructor(urlOrClient: string | InjectedRedisClient, settings: RedisSettings) {
    const { link, isReplicated } = openLink(urlOrClient, settings)
    const replicas = settings.waitForReplicas ?? (isReplicated ? 1 : 0)
    this.#link = link
    this.#clock = settings.clock
    this.#prefix = settings.keyPrefix
    this.#confirmation = { replicas, replicaTimeoutMs: defaultReplicaTimeoutMs }
  }

  /** Whether the keys of one script must share a slot. */
  get isCluster(): boolean {
    return this.#link.isCluster
  }

  /** The time as the scripts read it. */
  now(): string {
    return timeText(this.#clock.now())
  }

  /** The reply of a script of one key, which is given without its prefix. */
  run(doing: string, script: Script, key: string, values: readonly string[]): Promise<unknown> {
    return this.call(doing, this.#callOf(script, key, values))
  }

  /** As `run`, but what is written outlives the primary. */
  runConfirmed(doing: string, script: Script, key: string, values: readonly string[]): Promise<unknown> {
    return this.callConfirmed(doing, this.#callOf(script, key, values))
  }

  /** The reply of a script. */
  call(doing: string, call: ScriptCall): Promise<unknown> {
    return this.#link.run(doing, (redis) => runScript(redis, call))
  }

  /**
   * As `call`, but what is written outlives the primary: it waits until the replicas have it. Too few in time is
   * STORE_UNAVAILABLE, the outcome unknown.
   */
  callConfirmed(doing: string, call: ScriptCall): Promise<unknown> {
    return this.#link.run(doing, (redis) => runConfirmed(redis, call, this.#confirmation))
  }

  close(): Promise<void> {
    return this.#link.close()
  }

  #callOf(script: Script, key: string, values: readonly string[]): ScriptCall {
    return { script, keys: [this.#prefix + key], values }
  }
}

function openLink(
  urlOrClient: string | InjectedRedisClient,
  settings: RedisSettings,
): { readonly link: RedisLink; readonly isReplicated: boolean } {
  if (typeof urlOrClient !== 'string') {
    const link = new InjectedLink(urlOrClient, settings.limits)
    return { link, isReplicated: link.isCluster || isSentinelClient(urlOrClient) }
  }
  const address = readAddress(urlOrClient)
  const link = linkOpener({ ...settings, address })({ isTracking: false, isUnrefed: false })
  return { link, isReplicated: address.kind !== 'single' }
}
