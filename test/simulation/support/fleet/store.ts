// The shared store by what it promises: each call happens at once, and whole or not at all.

/** One part of a session, such as a counter or something chosen. */
export type Fields = ReadonlyMap<string, number>

export interface Change {
  /** Told apart from every other request. */
  readonly request: string
  readonly field: string
  /** Sets the field to this, or adds it to what is there. */
  readonly value: number
  readonly kind: 'set' | 'add'
}

interface Lease {
  owner: string
  isDone: boolean
}

export class VirtualStore {
  readonly #sessions = new Map<string, Map<string, number>>()
  /** Keys whose change a session has. */
  readonly #committed = new Set<string>()
  readonly #leases = new Map<string, Lease>()
  /** How often a request took effect that must not do so twice. */
  readonly effects: Map<string, number> = new Map()

  create(session: string): void {
    this.#sessions.set(session, new Map())
  }

  /** Undefined: absent. */
  read(session: string): Fields | undefined {
    const fields = this.#sessions.get(session)
    return fields && new Map(fields)
  }

  /** Writes only what was changed (R5), and never what was deleted (R4). A key that was committed before changes nothing. */
  commit(session: string, { request, field, value, kind }: Change, key?: string): 'done' | 'gone' {
    const fields = this.#sessions.get(session)
    if (fields === undefined) return 'gone'
    if (key !== undefined && this.#committed.has(key)) return 'done'
    if (key !== undefined) this.#committed.add(key)
    if (kind === 'add') this.#count(request)
    fields.set(field, kind === 'add' ? (fields.get(field) ?? 0) + value : value)
    return 'done'
  }

  delete(session: string): void {
    this.#sessions.delete(session)
  }

  /** A lease that another one holds is taken over only from the dead. */
  reserve(key: string, owner: string, isDead: (owner: string) => boolean): 'mine' | 'running' | 'done' {
    const lease = this.#leases.get(key)
    if (lease === undefined) this.#leases.set(key, { owner, isDone: false })
    else if (lease.isDone) return 'done'
    else if (lease.owner !== owner && !isDead(lease.owner)) return 'running'
    else lease.owner = owner
    return 'mine'
  }

  /** Effect and key in one transaction, fenced: nothing happens for one whose lease was taken over. */
  once(key: string, owner: string, request: string): 'done' | 'lost' {
    const lease = this.#leases.get(key)
    if (lease?.owner !== owner || lease.isDone) return 'lost'
    lease.isDone = true
    this.#count(request)
    return 'done'
  }

  /** An order without a key. */
  order(request: string): void {
    this.#count(request)
  }

  #count(request: string): void {
    this.effects.set(request, (this.effects.get(request) ?? 0) + 1)
  }
}
