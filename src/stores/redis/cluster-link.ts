// A link to a Redis Cluster: one connection to each primary, and a map of who owns which slot.
//
// Not with node-redis's createCluster: a node that hangs holds up its search for the new owners, for every slot.
// Here each node has a link of its own (owned-link.ts), so an outage of one costs the sessions of the others nothing.
import { TimeLimit } from '../../base/time-limit.ts'
import { describe } from '../unavailable.ts'
import type { RedisAddress, RedisNode } from './address.ts'
import type { OwnedRedisClient } from './client.ts'
import { ClusterCommands } from './cluster-commands.ts'
import type { RedisCommands } from './commands.ts'
import type { RedisLimits } from './defaults.ts'
import { closedError, late, linkError } from './link.ts'
import type { LinkObserver, TrackingLink } from './link.ts'
import { OwnedLink, reconnectPauseMs } from './owned-link.ts'
import { slotOf } from './slot.ts'
import { SlotMap, nodeName, readRedirection } from './slot-map.ts'
import type { NodeName, Redirection } from './slot-map.ts'

export interface ClusterLinkSettings {
  readonly address: Extract<RedisAddress, { kind: 'cluster' }>
  /** A link to one node; its first use connects it. */
  readonly openNode: (node: RedisNode) => OwnedLink
  readonly limits: RedisLimits
  readonly random: () => number
}

/** A slot that moves leads from its old node to its new one; more steps than these are a circle. */
const maxRedirections = 5

/** An error reply, of which few say that the node owns the slot no more. */
const saysTheOwnerIsWell = /^(?!CLUSTERDOWN|READONLY|MASTERDOWN|LOADING)[A-Z]+ /

interface NodeLink {
  readonly node: RedisNode
  readonly link: OwnedLink
}

/** One call, which may send several commands to several nodes. */
interface Ticket {
  readonly doing: string
  isLate: boolean
}

export class ClusterLink implements TrackingLink {
  readonly isCluster = true
  readonly #settings: ClusterLinkSettings
  readonly #timeLimit: TimeLimit
  readonly #observers: LinkObserver[] = []
  readonly #nodes = new Map<NodeName, NodeLink>()
  #map: SlotMap | undefined
  #refreshing: Promise<SlotMap> | undefined
  #refreshTimer: NodeJS.Timeout | undefined
  /** How many refreshes in a row left an owner out of reach. */
  #vainRefreshes = 0
  #isClosed = false

  constructor(settings: ClusterLinkSettings) {
    this.#settings = settings
    this.#timeLimit = new TimeLimit(settings.limits.operationTimeoutMs)
  }

  observe(observer: LinkObserver): void {
    this.#observers.push(observer)
  }

  async probe(): Promise<void> {
    // A primary that was replaced behind a partition would answer, and tell of no change: the others know better.
    await this.#refresh().catch(() => undefined)
    await Promise.all([...this.#nodes.values()].map(({ link }) => link.probe()))
  }

  async run<T>(doing: string, act: (redis: RedisCommands) => Promise<T>): Promise<T> {
    const ticket: Ticket = { doing, isLate: false }
    try {
      const commands = new ClusterCommands((key, send) => this.#send(ticket, key, send))
      return await this.#timeLimit.bound(act(commands), () => this.#onLate(ticket))
    } catch (error) {
      throw linkError(doing, error)
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#refreshTimer)
    const links = [...this.#nodes.values()].map(({ link }) => link)
    this.#nodes.clear()
    await Promise.all(links.map((link) => link.close()))
  }

  #onLate(ticket: Ticket): Error {
    ticket.isLate = true
    this.#refreshSoon()
    return late(ticket.doing, this.#settings.limits.operationTimeoutMs)
  }

  async #send<T>(ticket: Ticket, key: string, send: (redis: OwnedRedisClient) => Promise<T>): Promise<T> {
    const slot = slotOf(key)
    const map = this.#map ?? (await this.#refresh())
    let node = map.ownerOf(slot)
    if (node === undefined) {
      this.#refreshSoon()
      throw new Error(`no node of the Redis Cluster owns slot ${slot}`)
    }
    let act = send
    for (let redirections = 0; ; redirections += 1) {
      // Its caller was told STORE_UNAVAILABLE: a write now could undo what they did since.
      if (ticket.isLate) throw new Error('the redirection came too late')
      const asked: RedisNode = node
      try {
        return await this.#linkTo(asked).attempt(ticket.doing, act)
      } catch (error) {
        const redirection = readRedirection(describe(error), asked)
        if (redirection === undefined || redirections === maxRedirections) {
          if (!saysTheOwnerIsWell.test(describe(error))) this.#refreshSoon()
          throw error
        }
        node = redirection.node
        act = redirection.kind === 'ask' ? (redis) => afterAsking(redis, send) : send
        if (redirection.kind === 'moved') this.#onMoved(redirection)
      }
    }
  }

  /** One slot has moved, so others probably have. */
  #onMoved({ slot, node }: Redirection): void {
    this.#map?.move(slot, node)
    this.#refreshSoon()
  }

  #linkTo(node: RedisNode): OwnedLink {
    if (this.#isClosed) throw closedError()
    const name = nodeName(node)
    let known = this.#nodes.get(name)
    if (known === undefined) {
      known = { node, link: this.#settings.openNode(node) }
      for (const observer of this.#observers) known.link.observe(observer)
      this.#nodes.set(name, known)
    }
    return known.link
  }

  /** After a call that failed: until every owner can be reached, at growing intervals, however many calls fail. */
  #refreshSoon(): void {
    if (this.#refreshTimer !== undefined || this.#isClosed) return
    const { limits, random } = this.#settings
    const pauses = { ...limits, reconnectPauseMs: limits.clusterRefreshPauseMs }
    const pauseMs = reconnectPauseMs(this.#vainRefreshes + 1, pauses, random)
    this.#refreshTimer = setTimeout(() => {
      this.#refreshTimer = undefined
      // Its failure is told to whoever calls next.
      this.#refresh().catch(() => this.#refreshSoon())
    }, pauseMs).unref()
  }

  #refresh(): Promise<SlotMap> {
    this.#refreshing ??= this.#askForMap().finally(() => {
      this.#refreshing = undefined
    })
    return this.#refreshing
  }

  /** Asks one node after the other, those that are known to be well first. */
  async #askForMap(): Promise<SlotMap> {
    let failure: unknown = new Error('the Redis Cluster has no node')
    for (const node of this.#nodesToAsk()) {
      try {
        const reply = await this.#linkTo(node).run('find the owners of slots', (redis) =>
          redis.sendCommand(['CLUSTER', 'SLOTS']),
        )
        return this.#takeMap(new SlotMap(reply, node))
      } catch (error) {
        failure = error
      }
    }
    this.#vainRefreshes += 1
    throw failure
  }

  #nodesToAsk(): readonly RedisNode[] {
    const all = [...(this.#map?.nodes.values() ?? []), ...this.#settings.address.nodes]
    const unique = [...new Map(all.map((node) => [nodeName(node), node])).values()]
    const start = Math.floor(this.#settings.random() * unique.length)
    const turned = [...unique.slice(start), ...unique.slice(0, start)]
    return turned.toSorted((one, other) => this.#ill(one) - this.#ill(other))
  }

  /** 0 for a node in use that is well, 1 for one that nobody has asked yet, 2 for one that fails. */
  #ill(node: RedisNode): number {
    const known = this.#nodes.get(nodeName(node))
    if (known === undefined) return 1
    return known.link.isFailing ? 2 : 0
  }

  #takeMap(map: SlotMap): SlotMap {
    if (this.#isClosed) throw closedError()
    this.#map = map
    for (const [name, { link }] of this.#nodes) {
      if (map.primaries.has(name)) continue
      // It owns nothing any more, or was only asked for the map: what it remembers of our reads is of no use.
      this.#nodes.delete(name)
      void link.close()
    }
    const isWhole = [...this.#nodes.values()].every(({ link }) => !link.isFailing)
    this.#vainRefreshes = isWhole ? 0 : this.#vainRefreshes + 1
    if (!isWhole) this.#refreshSoon()
    return map
  }
}

/** ASKING holds for the next command on the connection; both are written in one turn, so nothing comes between. */
async function afterAsking<T>(
  redis: OwnedRedisClient,
  send: (redis: OwnedRedisClient) => Promise<T>,
): Promise<T> {
  const [, reply] = await Promise.all([redis.sendCommand(['ASKING']), send(redis)])
  return reply
}
