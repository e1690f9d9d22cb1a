// Clients, each with two windows on one session, who remember what they were told and hold the fleet to it.
import type { VirtualTime } from '../../../support/virtual-time.ts'
import type { VirtualBalancer } from './balancer.ts'
import { counter, type Answer, type Kind, type VirtualRequest } from './requests.ts'
import type { VirtualStore } from './store.ts'

interface Session {
  readonly id: string
  /** Fields and requests whose change was acknowledged. */
  readonly set: Set<string>
  readonly added: Set<string>
  /** A sign-out has been sent; it has been acknowledged. */
  isLeaving: boolean
  isOver: boolean
}

const kinds: readonly Kind[] = ['read', 'read', 'set', 'add', 'add', 'order']
const thinkMs = 250

export class VirtualUser {
  readonly #name: string
  readonly #time: VirtualTime
  readonly #random: () => number
  readonly #balancer: VirtualBalancer
  readonly #store: VirtualStore
  readonly #sessions: Session[] = []
  #count = 0
  /** Requests that wait for their answer. */
  pending = 0
  failed = 0
  answered = 0

  constructor(
    name: string,
    time: VirtualTime,
    random: () => number,
    { balancer, store }: { readonly balancer: VirtualBalancer; readonly store: VirtualStore },
  ) {
    this.#name = name
    this.#time = time
    this.#random = random
    this.#balancer = balancer
    this.#store = store
    this.#signIn()
  }

  /** Two windows, until the time is over. */
  begin(untilMs: number): void {
    for (let tab = 0; tab < 2; tab++) this.#think(untilMs)
  }

  #signIn(): Session {
    const id = `${this.#name}-${this.#sessions.length}`
    const session = { id, set: new Set<string>(), added: new Set<string>(), isLeaving: false, isOver: false }
    this.#store.create(id)
    this.#sessions.push(session)
    return session
  }

  #think(untilMs: number): void {
    this.#time.after(thinkMs * 2 * this.#random(), () => {
      if (this.#time.now() >= untilMs) return
      this.#ask(() => {
        this.#think(untilMs)
      })
    })
  }

  #ask(onAnswer: () => void): void {
    let session = this.#sessions.at(-1) ?? this.#signIn()
    const leaves = !session.isLeaving && this.#random() < 0.05
    // Who signs out does so once; after that, the windows are on the next session.
    if (session.isLeaving) session = this.#signIn()
    if (leaves) session.isLeaving = true
    const kind = leaves ? 'sign-out' : (kinds[Math.floor(this.#random() * kinds.length)] ?? 'read')
    const id = `${this.#name}.${(this.#count += 1)}`
    const isPost = kind === 'add' || kind === 'order'
    const key = isPost && this.#random() < 0.7 ? `key of ${id}` : undefined
    const request: VirtualRequest = { id, kind, session: session.id, key, field: `field of ${id}` }
    const known = new Set(session.set)
    this.pending += 1
    this.#balancer.ask(request, (answer) => {
      this.pending -= 1
      if (answer.type === 'failed') this.failed += 1
      else this.answered += 1
      this.#judge(request, session, known, answer)
      onAnswer()
    })
  }

  #judge(request: VirtualRequest, session: Session, known: ReadonlySet<string>, answer: Answer): void {
    const { id, kind, field } = request
    if (answer.type === 'absent' && !session.isLeaving) throw new Error(`R3: ${id} finds its user signed out`)
    if (answer.type !== 'done') return
    const times = this.#store.effects.get(id)
    if (kind === 'order' && times !== 1) throw new Error(`R5: order ${id} is acknowledged and was not made`)
    if (kind === 'add') session.added.add(id)
    if (kind === 'set') session.set.add(field)
    if (kind === 'sign-out') session.isOver = true
    for (const one of kind === 'read' ? known : []) {
      if (answer.fields?.has(one) !== true) throw new Error(`R5: ${id} does not find ${one}`)
    }
  }

  /** At any time: nothing is doubled, nothing deleted is back, nothing acknowledged is gone. */
  check(): void {
    for (const [id, times] of this.#store.effects) {
      if (times > 1) throw new Error(`R1: ${id} took effect ${times} times`)
    }
    for (const session of this.#sessions) this.#checkSession(session)
  }

  #checkSession({ id, set, added, isLeaving, isOver }: Session): void {
    const fields = this.#store.read(id)
    if (isOver && fields !== undefined) throw new Error(`R4: session ${id} is back`)
    if (fields === undefined) {
      if (!isLeaving) throw new Error(`session ${id} is gone`)
      return
    }
    for (const field of set) if (!fields.has(field)) throw new Error(`R5: ${field} is lost`)
    for (const request of added) {
      if (this.#store.effects.get(request) !== 1) throw new Error(`R5: the addition ${request} is lost`)
    }
    if ((fields.get(counter) ?? 0) < added.size)
      throw new Error(`R5: ${id} counts fewer than were acknowledged`)
  }
}
