// A link for stores that only read and write: wherever an address leads, or over a client that somebody else made.
import { readAddress } from './address.ts'
import { waitForReplicas } from './calls.ts'
import type { InjectedRedisClient, RedisCommands } from './commands.ts'
import { isSentinelClient } from './injected-commands.ts'
import { InjectedLink } from './injected-link.ts'
import type { RedisLink } from './link.ts'
import { linkOpener } from './open-link.ts'
import type { RedisStoreOptions, RedisSettings } from './options.ts'
import { runScript } from './script.ts'
import type { ScriptCall } from './script.ts'

/** What such a store may be told: as a session store, but that nothing is cached. */
export type PlainRedisOptions = Omit<RedisStoreOptions, 'nearCache'>

/** How long to wait for replicas, so that it is over before the operation's own time is. */
const replicaTimeoutMs = 200

export class PlainLink {
  readonly #link: RedisLink
  readonly #replicas: number

  constructor(urlOrClient: string | InjectedRedisClient, settings: RedisSettings) {
    const { link, isReplicated } = openLink(urlOrClient, settings)
    this.#link = link
    this.#replicas = settings.waitForReplicas ?? (isReplicated ? 1 : 0)
  }

  /** The reply of a script of one key. */
  run(doing: string, call: ScriptCall): Promise<unknown> {
    return this.#link.run(doing, (redis) => runScript(redis, call))
  }

  /**
   * As `run`, but what is written outlives the primary: it waits until the replicas have it. Too few in time is
   * STORE_UNAVAILABLE, the outcome unknown.
   */
  runConfirmed(doing: string, call: ScriptCall): Promise<unknown> {
    const [key] = call.keys
    if (this.#replicas === 0 || key === undefined) return this.run(doing, call)
    return this.#link.run(doing, (redis) => this.#confirm(redis, call, key))
  }

  close(): Promise<void> {
    return this.#link.close()
  }

  async #confirm(redis: RedisCommands, call: ScriptCall, key: string): Promise<unknown> {
    let confirmed: unknown
    const reply = await runScript(redis, call, async () => {
      confirmed = await waitForReplicas(redis, key, this.#replicas, replicaTimeoutMs)
    })
    if (Number(confirmed) >= this.#replicas) return reply
    throw new Error(
      `${String(confirmed)} of ${this.#replicas} replicas have the change in time, its outcome is unknown`,
    )
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
