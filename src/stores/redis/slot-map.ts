// Which node of a Cluster owns which slot, as the nodes told last.
import type { RedisNode } from './address.ts'
import { slotCount } from './slot.ts'

/** A node by its address, as MOVED and ASK write it. */
export type NodeName = string

export function nodeName({ host, port }: RedisNode): NodeName {
  return `${host}:${port}`
}

/** Where a node says that the answer is; an ASK holds for this one command. */
export interface Redirection {
  readonly kind: 'moved' | 'ask'
  readonly slot: number
  readonly node: RedisNode
}

/** Undefined when the error is none. An empty host stands for the node that answered. */
export function readRedirection(message: string, answeredBy: RedisNode): Redirection | undefined {
  const match = /^(MOVED|ASK) (\d+) (.*):(\d+)$/.exec(message)
  if (match === null) return undefined
  const [, word, slot, host = '', port] = match
  const node = { host: host === '' ? answeredBy.host : host, port: Number(port) }
  return { kind: word === 'ASK' ? 'ask' : 'moved', slot: Number(slot), node }
}

export class SlotMap {
  readonly #owners: (RedisNode | undefined)[] = Array.from({ length: slotCount })
  /** Every node, primaries first: whoever is left of them can be asked for a newer map. */
  readonly nodes: ReadonlyMap<NodeName, RedisNode>
  readonly primaries: ReadonlySet<NodeName>

  /** Reads a reply to CLUSTER SLOTS: `[[from, to, [host, port, …], replica…], …]`. Throws on a malformed one. */
  constructor(reply: unknown, answeredBy: RedisNode) {
    if (!Array.isArray(reply)) throw new Error('CLUSTER SLOTS gave no list')
    const primaries = new Map<NodeName, RedisNode>()
    const replicas = new Map<NodeName, RedisNode>()
    for (const range of reply) {
      const [from, to, ...entries]: readonly unknown[] = Array.isArray(range) ? range : []
      const [primary, ...others] = entries.map((entry) => readNode(entry, answeredBy))
      if (primary === undefined) throw new Error('CLUSTER SLOTS gave a range that nobody owns')
      primaries.set(nodeName(primary), primary)
      for (const replica of others) replicas.set(nodeName(replica), replica)
      this.#owners.fill(primary, Number(from), Number(to) + 1)
    }
    this.primaries = new Set(primaries.keys())
    this.nodes = new Map([...primaries, ...replicas])
  }

  /** Undefined while nobody owns the slot. */
  ownerOf(slot: number): RedisNode | undefined {
    return this.#owners[slot]
  }

  move(slot: number, node: RedisNode): void {
    this.#owners[slot] = node
  }
}

function readNode(entry: unknown, answeredBy: RedisNode): RedisNode {
  const [host, port]: readonly unknown[] = Array.isArray(entry) ? entry : []
  // A node that does not know its own name gives none: it is where it was asked.
  const isNamed = typeof host === 'string' && host !== '' && host !== '?'
  return { host: isNamed ? host : answeredBy.host, port: Number(port) }
}
