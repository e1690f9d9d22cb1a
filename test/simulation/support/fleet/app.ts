// What an instance does with a request, step by step, so that it may die, hang or lose the store between any two.
import type { VirtualProcess } from './process.ts'
import { counter, type Answer, type VirtualRequest } from './requests.ts'
import type { VirtualStore } from './store.ts'

export interface Exchange {
  /** No handler has seen the request. */
  refuse(): void
  /** The head of the response, after which the body may take a while. */
  begin(): void
  end(answer: Answer): void
}

export interface AppPorts {
  readonly store: VirtualStore
  readonly random: () => number
  /** What the supervisor has said of the owner of a lease. */
  readonly isDead: (owner: string) => boolean
}

const stepMs = 30
const unavailable: Answer = { type: 'failed', why: 'store' }

export function serve(
  process: VirtualProcess,
  request: VirtualRequest,
  exchange: Exchange,
  { store, random, isDead }: AppPorts,
): void {
  const respond = (answer: Answer) => {
    process.after(random() * stepMs, () => {
      exchange.begin()
      process.after(random() * 3 * stepMs, () => {
        exchange.end(answer)
      })
    })
  }
  /** R3: without the store there is an error, never an answer. It may have done the work and only failed to say so. */
  const ask = (work: () => Answer | undefined, onAnswer: (answer: Answer) => void) => {
    process.after(random() * stepMs, () => {
      const isDone = process.reachesStore || random() < 0.3
      const answer = isDone ? work() : undefined
      onAnswer(process.reachesStore ? (answer ?? unavailable) : unavailable)
    })
  }
  process.after(random() * stepMs, () => {
    if (process.isLeaving) exchange.refuse()
    else if (request.kind === 'order') order()
    else ask(load, (answer) => (answer.type === 'done' ? change(answer) : respond(answer)))
  })

  function load(): Answer {
    const fields = store.read(request.session)
    return fields === undefined ? { type: 'absent' } : { type: 'done', fields }
  }

  function change(loaded: Answer): void {
    if (request.kind === 'read') respond(loaded)
    else ask(commit, respond)
  }

  function commit(): Answer {
    const { id, kind, session, key, field } = request
    if (kind === 'sign-out') {
      store.delete(session)
      return { type: 'done' }
    }
    const changed =
      kind === 'add'
        ? ({ request: id, field: counter, value: 1, kind: 'add' } as const)
        : ({ request: id, field, value: 1, kind: 'set' } as const)
    return store.commit(session, changed, key) === 'gone' ? { type: 'absent' } : { type: 'done' }
  }

  function order(): void {
    const { id, key } = request
    if (key === undefined) {
      ask(() => {
        store.order(id)
        return { type: 'done' }
      }, respond)
      return
    }
    ask(
      () => reserved(store.reserve(key, process.name, isDead)),
      (answer) => {
        if (answer.type !== 'done' || answer.fields !== undefined) respond(answer)
        else ask(() => orderOnce(key), respond)
      },
    )
  }

  function orderOnce(key: string): Answer {
    const outcome = store.once(key, process.name, request.id)
    return outcome === 'done' ? { type: 'done' } : { type: 'failed', why: 'lease lost' }
  }
}

/** A replay has fields: nothing is left to do. */
function reserved(lease: 'mine' | 'running' | 'done'): Answer {
  if (lease === 'running') return { type: 'failed', why: '409' }
  return lease === 'done' ? { type: 'done', fields: new Map() } : { type: 'done' }
}
