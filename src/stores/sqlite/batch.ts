// Runs the writes that wait together in one transaction, yet each on its own: one that fails leaves the others whole.
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { isBusy } from './busy.ts'
import type { WriteReply, WriteRequest } from './messages.ts'
import type { SessionWrites } from './writes.ts'

/** Prepared once per connection. */
export class BatchRunner {
  readonly #database: DatabaseSync
  readonly #writes: SessionWrites
  readonly #begin: StatementSync
  readonly #commit: StatementSync

  constructor(database: DatabaseSync, writes: SessionWrites) {
    this.#database = database
    this.#writes = writes
    this.#begin = database.prepare('BEGIN IMMEDIATE')
    this.#commit = database.prepare('COMMIT')
  }

  /** One reply a request. Nothing is acknowledged before the commit. */
  run(requests: readonly WriteRequest[], nowMs: number): readonly WriteReply[] {
    const replies: WriteReply[] = []
    const writes: WriteRequest[] = []
    for (const request of requests) {
      if (request.dropAtMs <= nowMs) replies.push(dropped(request))
      // The file is open, and that needs no lock: reads are served even while another process hangs in a write.
      else if (request.operation.kind === 'open') replies.push({ id: request.id, outcome: 'done' })
      else writes.push(request)
    }
    return writes.length === 0 ? replies : [...replies, ...this.#transact(writes)]
  }

  #transact(requests: readonly WriteRequest[]): readonly WriteReply[] {
    try {
      this.#begin.run()
      const replies = requests.map(({ id, operation }) => ({ id, outcome: this.#writes.apply(operation) }))
      this.#commit.run()
      return replies
    } catch (error) {
      // A full disk or a failed read ends the transaction inside SQLite, and a lock never began it: it hits them all.
      const isOneAtFault = this.#database.isTransaction && requests.length > 1
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK')
      // Found by doing each alone: rare, where a savepoint around each write would cost every one of them.
      if (isOneAtFault) return requests.flatMap((request) => this.#transact([request]))
      return requests.map((request) => failed(request, error))
    }
  }
}

/** The reply to a request that could not be done. */
export function failed(request: WriteRequest, error: unknown): WriteReply {
  const cause = error instanceof Error ? error : new Error(String(error))
  return { id: request.id, busy: isBusy(error), error: cause }
}

function dropped(request: WriteRequest): WriteReply {
  return { id: request.id, busy: true, error: new Error('waited too long for the writer thread') }
}
