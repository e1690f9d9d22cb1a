// The main thread's side of the writer thread: starts it when needed, bounds every wait, notices its death.
import { Worker } from 'node:worker_threads'
import { withDeadline } from '../../base/deadline.ts'
import { TimeLimit } from '../../base/time-limit.ts'
import type { Wait } from '../../base/time-limit.ts'
import { describe, unavailable } from '../unavailable.ts'
import type { SqliteLimits } from './defaults.ts'
import { monotonicMs } from './messages.ts'
import type { WriteOperation, WriteOutcome, WriteReply, WriteRequest, WriterSettings } from './messages.ts'

/** open: a thread is started on use. closing: what waits is finished. closed: nothing is accepted. */
type WriterState = 'open' | 'closing' | 'closed'

interface Pending {
  readonly doing: string
  readonly limit: TimeLimit
  readonly wait: Wait
  resolve(outcome: WriteOutcome): void
  reject(error: Error): void
}

/** Its time begins when it is sent, as that of its caller's wait does in effect: neither counts a loop that stood still. */
interface Unsent {
  readonly id: number
  readonly timeoutMs: number
  readonly operation: WriteOperation
}

// The same extension as this file: source runs as .ts, the package as .js.
const threadUrl = new URL(
  import.meta.url.endsWith('.ts') ? './writer-thread.ts' : './writer-thread.js',
  import.meta.url,
)

export class SqliteWriter {
  readonly #path: string
  readonly #limits: SqliteLimits
  readonly #operationLimit: TimeLimit
  readonly #openLimit: TimeLimit
  readonly #pending = new Map<number, Pending>()
  #state: WriterState = 'open'
  #thread: Worker | undefined
  /** What this turn of the event loop has asked for. */
  #unsent: Unsent[] = []
  #lastId = 0

  constructor(path: string, limits: SqliteLimits) {
    this.#path = path
    this.#limits = limits
    this.#operationLimit = new TimeLimit(limits.operationTimeoutMs)
    this.#openLimit = new TimeLimit(limits.openTimeoutMs)
  }

  /** Rejects with STORE_UNAVAILABLE: closed, too many waiting, locked by another process, or not done in time. */
  submit(doing: string, operation: WriteOperation): Promise<WriteOutcome> {
    if (this.#state !== 'open') return Promise.reject(unavailable(doing, 'the session store is closed'))
    if (this.#pending.size >= this.#limits.maxPendingWrites) {
      const state = `${this.#pending.size} writes wait for the SQLite file already`
      return Promise.reject(unavailable(doing, state))
    }
    return new Promise<WriteOutcome>((resolve, reject) => {
      const isOpening = operation.kind === 'open'
      const timeoutMs = isOpening ? this.#limits.openTimeoutMs : this.#limits.operationTimeoutMs
      const limit = isOpening ? this.#openLimit : this.#operationLimit
      const wait = limit.begin(() => {
        reject(unavailable(doing, `the SQLite file was not written within ${timeoutMs} ms`))
      })
      try {
        this.#send({ doing, limit, wait, resolve, reject }, operation, timeoutMs)
      } catch (error) {
        limit.end(wait)
        reject(unavailable(doing, describe(error), error))
      }
    })
  }

  /** Finishes what waits, then ends the thread; ends it by force when that takes longer than one operation may. */
  async close(): Promise<void> {
    if (this.#state !== 'open') return
    this.#state = 'closing'
    const thread = this.#thread
    if (thread !== undefined) {
      thread.ref()
      const exited = new Promise<void>((resolve) => thread.once('exit', () => resolve()))
      this.#flush()
      thread.postMessage('close')
      await withDeadline(exited, this.#limits.operationTimeoutMs, stuck).catch(() => thread.terminate())
    }
    this.#state = 'closed'
  }

  #send(pending: Pending, operation: WriteOperation, timeoutMs: number): void {
    const thread = (this.#thread ??= this.#start())
    const id = ++this.#lastId
    // A process may end when nothing waits; while something does, its answer is worth staying for.
    if (this.#pending.size === 0) thread.ref()
    this.#pending.set(id, pending)
    if (this.#unsent.length === 0) setImmediate(() => this.#flush())
    this.#unsent.push({ id, timeoutMs, operation })
  }

  #flush(): void {
    if (this.#unsent.length === 0) return
    const nowMs = monotonicMs()
    const requests: WriteRequest[] = this.#unsent.map(({ id, timeoutMs, operation }) => {
      return { id, dropAtMs: nowMs + timeoutMs, operation }
    })
    this.#unsent = []
    this.#thread?.postMessage(requests)
  }

  #start(): Worker {
    const settings: WriterSettings = {
      path: this.#path,
      openTimeoutMs: this.#limits.openTimeoutMs,
      busyTimeoutMs: this.#limits.busyTimeoutMs,
    }
    // No execArgv: a loader or inspector meant for the app would only slow the thread down.
    const thread = new Worker(threadUrl, { name: 'drover-sqlite-writer', workerData: settings, execArgv: [] })
    let death: unknown
    thread.on('message', (replies: readonly WriteReply[]) => {
      this.#settle(thread, replies)
    })
    thread.on('error', (error) => {
      death = error
    })
    thread.on('exit', () => {
      this.#onExit(thread, death)
    })
    thread.unref()
    return thread
  }

  #settle(thread: Worker, replies: readonly WriteReply[]): void {
    for (const reply of replies) {
      const pending = this.#pending.get(reply.id)
      this.#pending.delete(reply.id)
      if (pending === undefined) continue
      pending.limit.end(pending.wait)
      if ('outcome' in reply) pending.resolve(reply.outcome)
      else pending.reject(unavailable(pending.doing, stateOf(reply), reply.error))
    }
    if (this.#pending.size === 0 && this.#state === 'open') thread.unref()
  }

  /** What waited may or may not be written; the next use starts a new thread. */
  #onExit(thread: Worker, death: unknown): void {
    if (this.#thread === thread) this.#thread = undefined
    this.#unsent = []
    for (const [id, pending] of this.#pending) {
      this.#pending.delete(id)
      pending.limit.end(pending.wait)
      pending.reject(unavailable(pending.doing, 'the SQLite writer thread ended', death))
    }
  }
}

function stuck(): Error {
  return unavailable('close the SQLite file', 'the writer thread is stuck')
}

function stateOf(reply: Extract<WriteReply, { busy: boolean }>): string {
  const text = describe(reply.error)
  return reply.busy ? `the SQLite file is held by another process (${text})` : text
}
