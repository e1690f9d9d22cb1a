// One Sentinel: where does it say the primary is, and since which epoch? It also tells by itself when that may change.
import { withDeadline } from '../../base/deadline.ts'
import type { RedisAccess, RedisAddress, RedisNode } from './address.ts'
import { connectClient, createRedisClient } from './client.ts'
import type { NodeRedisClient, RedisPackage } from './client.ts'
import type { RedisLimits } from './defaults.ts'
import { eachField } from './reply.ts'

export interface SentinelAccess {
  readonly redis: RedisPackage
  readonly address: Extract<RedisAddress, { kind: 'sentinel' }>
  /** How the Sentinels themselves let in; often they ask for nothing. */
  readonly sentinelAccess: Pick<RedisAccess, 'username' | 'password'>
  readonly limits: RedisLimits
  /** Whether a process may end while a Sentinel is waited for. */
  readonly isUnrefed: boolean
}

/** What one Sentinel says. */
export interface Naming {
  readonly primary: RedisNode
  /** Counts the failovers: of two Sentinels that disagree, the one with the higher epoch knows better. */
  readonly epoch: number
}

/** The one that leads a failover names the successor from the second event on, and tells of the first only at its end. */
const telling = ['+switch-master', '+promoted-slave', '+failover-state-reconf-slaves']

export class SentinelPeer {
  readonly #access: SentinelAccess
  readonly #node: RedisNode
  readonly #onTold: () => void
  readonly #closing: AbortController = new AbortController()
  #client: Promise<NodeRedisClient> | undefined
  #latest: Naming | undefined

  /** Connects when it is first asked. `onTold`: it would perhaps answer otherwise now. */
  constructor(access: SentinelAccess, node: RedisNode, onTold: () => void) {
    this.#access = access
    this.#node = node
    this.#onTold = onTold
  }

  /** Its last answer; undefined while it gives none. */
  get latest(): Naming | undefined {
    return this.#latest
  }

  /** Rejects when it does not answer in time, or knows no such primary; the next call connects anew. */
  async ask(): Promise<Naming> {
    const connected = (this.#client ??= this.#connect())
    try {
      const naming = await this.#askOver(await connected)
      this.#latest = naming
      return naming
    } catch (error) {
      this.#forget(connected)
      throw error
    }
  }

  close(): void {
    this.#closing.abort(new Error('nobody asks for the primary any more'))
    if (this.#client !== undefined) this.#forget(this.#client)
  }

  async #connect(): Promise<NodeRedisClient> {
    const { redis, address, sentinelAccess, limits, isUnrefed } = this.#access
    this.#closing.signal.throwIfAborted()
    const server = {
      node: this.#node,
      access: { isTls: address.access.isTls, database: 0, ...sentinelAccess },
    }
    const client = createRedisClient(redis, { server, isTracking: false, isUnrefed }, limits)
    // Its loss shows when it is asked the next time.
    client.on('error', ignore)
    await connectClient(client, limits, this.#closing.signal)
    // First listen, then ask: a change in between would be missed.
    const listening = client.subscribe([...telling], (message) => {
      if (message.split(' ').includes(address.primaryName)) this.#onTold()
    })
    await withDeadline(listening, limits.operationTimeoutMs, silent)
    return client
  }

  async #askOver(client: NodeRedisClient): Promise<Naming> {
    const name = this.#access.address.primaryName
    const asking = Promise.all([
      client.sendCommand(['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', name]),
      client.sendCommand(['SENTINEL', 'MASTER', name]).catch(ignore),
    ])
    const [address, facts] = await withDeadline(asking, this.#access.limits.operationTimeoutMs, silent)
    if (!Array.isArray(address)) throw new Error('the Sentinel watches no primary of this name')
    // From here on it only listens.
    client.unref()
    return { primary: { host: String(address[0]), port: Number(address[1]) }, epoch: epochOf(facts) }
  }

  #forget(connected: Promise<NodeRedisClient>): void {
    if (this.#client === connected) {
      this.#client = undefined
      this.#latest = undefined
    }
    connected.then((client) => client.destroy(), ignore)
  }
}

function epochOf(facts: unknown): number {
  let epoch = 0
  eachField(facts, (name, value) => {
    if (name === 'config-epoch') epoch = Number(value)
  })
  return epoch
}

function silent(): Error {
  return new Error('the Sentinel did not answer in time')
}

function ignore(): void {
  // Nothing depends on it.
}
