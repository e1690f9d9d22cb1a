// The way to PostgreSQL as the store sees it: run one statement in bounded time, or say STORE_UNAVAILABLE.
//
// A call whose time is over leaves its connection closed, never back in the pool: its statement may still be running.
import { DroverError, isDroverError } from '../../base/errors.ts'
import { TimeLimit } from '../../base/time-limit.ts'
import type { Wait } from '../../base/time-limit.ts'
import { Breaker } from '../breaker.ts'
import { describe, unavailable } from '../unavailable.ts'
import { queryOf, sqlState } from './client.ts'
import type { PostgresAnswer, PostgresClient, PostgresPool, Value } from './client.ts'
import { mostRuns } from './defaults.ts'
import type { PostgresLimits } from './defaults.ts'
import { isMissing } from './schema.ts'
import type { Statement } from './statements.ts'

export interface LinkSettings {
  /** Where connections come from; rejects with PEER_MISSING. Its time does not count: it waits for the disk. */
  readonly openPool: () => Promise<PostgresPool>
  /** Lets go of it, when it is not somebody else's. */
  readonly closePool: (pool: PostgresPool) => Promise<void>
  /** Makes the tables on a connection, or finds them there. */
  readonly prepareTables: (client: PostgresClient) => Promise<void>
  /** Whether statements are prepared under a name, once per connection. */
  readonly prepare: boolean
  readonly limits: PostgresLimits
}

/** One call under way. Whoever ends it first decides its outcome. */
interface Call {
  readonly doing: string
  readonly statement: Statement
  readonly values: readonly Value[]
  readonly wait: Wait
  readonly resolve: (answer: PostgresAnswer) => void
  readonly reject: (error: Error) => void
  runs: number
  isOver: boolean
  client: PostgresClient | undefined
}

/** After these the connection is as good as before: a key that exists, deadlock, serialization, statement timeout. */
const harmless: ReadonlySet<string | undefined> = new Set(['23505', '40P01', '40001', '57014'])
const worthAnotherRun: ReadonlySet<string | undefined> = new Set(['40P01', '40001'])

/**
 * PostgreSQL's ways to say that it cannot work now: connections, passwords, resources, shutdowns and timeouts, the system,
 * a standby that only reads. Any other error of its is about the statement, and shows that it lives: a value that
 * always fails must not keep everybody from their sessions.
 */
const isDown = /^(?:08|28|3D|53|57|58|XX|25006)/

export class PostgresLink {
  readonly #settings: LinkSettings
  readonly #limits: PostgresLimits
  readonly #timeLimit: TimeLimit
  readonly #openLimit: TimeLimit
  readonly #breaker: Breaker
  #pool: PostgresPool | undefined
  #opening: Promise<PostgresPool> | undefined
  #isOpen = false
  #waiting = 0
  #lastError: unknown
  #isClosed = false

  constructor(settings: LinkSettings) {
    this.#settings = settings
    this.#limits = settings.limits
    this.#timeLimit = new TimeLimit(settings.limits.operationTimeoutMs)
    this.#openLimit = new TimeLimit(settings.limits.openTimeoutMs)
    this.#breaker = new Breaker(settings.limits)
  }

  /**
   * Runs a statement that is atomic by itself. Rejects with STORE_UNAVAILABLE ("Cannot <doing>: …") when there is no
   * connection, when it fails (the cause kept), or when it takes too long; with PEER_MISSING when `pg` is not installed.
   */
  run(doing: string, statement: Statement, values: readonly Value[]): Promise<PostgresAnswer> {
    if (this.#isClosed) return Promise.reject(closed(doing))
    if (this.#waiting >= this.#limits.maxWaitingCalls) {
      return Promise.reject(unavailable(doing, `${this.#waiting} calls wait for a connection already`))
    }
    if (!this.#breaker.admit()) {
      const state = `PostgreSQL does not answer (${stateOf(this.#lastError)})`
      return Promise.reject(unavailable(doing, state, this.#lastError))
    }
    return new Promise((resolve, reject) => {
      const wait = this.#timeLimit.begin(() => this.#onLate(call))
      const call: Call = {
        doing,
        statement,
        values,
        wait,
        resolve,
        reject,
        runs: 0,
        isOver: false,
        client: undefined,
      }
      if (this.#isOpen && this.#pool !== undefined) this.#connect(call, this.#pool)
      else this.#openFor(call)
    })
  }

  /** A connection for as long as the caller likes, to be released by it. Rejects with the pool's own failure. */
  async checkOut(): Promise<PostgresClient> {
    if (this.#isClosed) throw closed('connect')
    return connectTo(await this.#open())
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const pool = this.#pool
    if (pool === undefined) return
    const { operationTimeoutMs } = this.#limits
    const late = () => unavailable('close the session store', lateState(operationTimeoutMs))
    // A server that hangs would never say goodbye; its connections keep no process alive.
    await this.#timeLimit.bound(this.#settings.closePool(pool), late).catch(ignore)
  }

  #openFor(call: Call): void {
    this.#open().then(
      (pool) => {
        if (!call.isOver) this.#connect(call, pool)
      },
      (error: unknown) => this.#fail(call, error),
    )
  }

  /** Once; a failed opening is tried again by the next call. It goes on when the call that began it is over. */
  #open(): Promise<PostgresPool> {
    this.#opening ??= this.#openTables().catch((error: unknown) => {
      this.#opening = undefined
      throw error
    })
    return this.#opening
  }

  async #openTables(): Promise<PostgresPool> {
    const pool = await this.#openPool()
    const client = await connectTo(pool)
    client.on('error', ignore)
    try {
      const { openTimeoutMs } = this.#limits
      const late = () => new Error(`its tables were not there within ${openTimeoutMs} ms`)
      await this.#openLimit.bound(this.#settings.prepareTables(client), late)
    } catch (error) {
      // In the middle of a transaction, perhaps: closing it is its end.
      release(client, asError(error))
      throw error
    }
    release(client)
    this.#isOpen = true
    return pool
  }

  async #openPool(): Promise<PostgresPool> {
    if (this.#pool !== undefined) return this.#pool
    const pool = await this.#settings.openPool()
    // A connection that is lost while nobody uses it is the pool's to replace, and no reason to crash. Left there when
    // the store is closed: connections may fail while the pool ends, and a second store on the pool needs no second one.
    if (!pool.listeners('error').includes(ignore)) pool.on('error', ignore)
    if (this.#isClosed) await this.#settings.closePool(pool)
    this.#pool = pool
    return pool
  }

  #connect(call: Call, pool: PostgresPool): void {
    this.#waiting += 1
    pool.connect((error, client) => {
      this.#waiting -= 1
      if (client === undefined) this.#fail(call, error)
      // Its caller was told STORE_UNAVAILABLE: a write now could undo what they did since.
      else if (call.isOver) client.release()
      else this.#send(call, client)
    })
  }

  #send(call: Call, client: PostgresClient): void {
    const { text, name } = call.statement
    if (call.client === undefined) client.on('error', ignore)
    call.client = client
    call.runs += 1
    client.query(queryOf(text, call.values, this.#settings.prepare ? name : undefined), (error, answer) => {
      if (call.isOver) return
      if (error === null || error === undefined) {
        release(client)
        this.#succeed(call, answer)
      } else if (worthAnotherRun.has(sqlState(error)) && call.runs < mostRuns) {
        this.#send(call, client)
      } else {
        release(client, harmless.has(sqlState(error)) ? undefined : error)
        this.#fail(call, error)
      }
    })
  }

  #succeed(call: Call, answer: PostgresAnswer): void {
    call.isOver = true
    this.#timeLimit.end(call.wait)
    this.#breaker.succeed()
    call.resolve(answer)
  }

  #fail(call: Call, error: unknown): void {
    if (call.isOver) return
    call.isOver = true
    this.#timeLimit.end(call.wait)
    if (isMissing(error)) this.#forgetTables()
    if (showsLife(error)) this.#breaker.succeed()
    else this.#noteFailure(error)
    call.reject(error instanceof DroverError ? error : unavailable(call.doing, stateOf(error), error))
  }

  #onLate(call: Call): void {
    call.isOver = true
    const error = unavailable(call.doing, lateState(this.#limits.operationTimeoutMs))
    this.#noteFailure(error)
    if (call.client !== undefined) release(call.client, error)
    call.reject(error)
  }

  #noteFailure(error: unknown): void {
    this.#lastError = error
    this.#breaker.fail()
  }

  #forgetTables(): void {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#opening = undefined
  }
}

function connectTo(pool: PostgresPool): Promise<PostgresClient> {
  return new Promise((resolve, reject) => {
    pool.connect((error, client) => {
      if (client === undefined) reject(asError(error))
      else resolve(client)
    })
  })
}

function release(client: PostgresClient, error?: Error): void {
  client.off('error', ignore)
  client.release(error)
}

function showsLife(error: unknown): boolean {
  if (isDroverError(error, 'PEER_MISSING')) return true
  const state = sqlState(error)
  return state !== undefined && !isDown.test(state)
}

/** For failures that come a second way, where they are dealt with. */
function ignore(): void {}

function closed(doing: string): DroverError {
  return unavailable(doing, 'the session store is closed')
}

function lateState(timeoutMs: number): string {
  return `PostgreSQL did not answer within ${timeoutMs} ms`
}

/** A refused connection to a name of several addresses has no message, only a code. */
function stateOf(error: unknown): string {
  const text = describe(error)
  if (text !== '') return text
  return error instanceof Error && 'code' in error ? String(error.code) : 'the connection failed'
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error))
}
