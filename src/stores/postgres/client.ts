// What the store needs of `pg` (node-postgres), and how it is loaded: an optional peer.
import type { ClientConfig } from 'pg'
import { refusePeer } from '../../base/peer.ts'
import type { PostgresLimits } from './defaults.ts'

/** What a parameter may be. */
export type Value = string | number | boolean | readonly string[] | null

/** One statement to run. Rows come as arrays of texts. */
export interface PostgresQuery {
  name?: string
  text: string
  values: Value[]
  rowMode: 'array'
  types: { getTypeParser: () => (value: string) => string }
}

export interface PostgresAnswer {
  rows: (string | null)[][]
  rowCount: number | null
}

/** A connection. A client of the `pg` package has this shape. */
export interface PostgresClient {
  query(query: PostgresQuery, callback: (error: Error | null, answer: PostgresAnswer) => void): void
  on(event: 'error', listener: (error: Error) => void): unknown
  on(
    event: 'notification',
    listener: (message: { channel: string; payload?: string | undefined }) => void,
  ): unknown
  off(event: 'error' | 'notification', listener: (...args: never[]) => void): unknown
  /** Whether it keeps the process alive. */
  ref(): void
  unref(): void
  /** Back to its pool; with an error it is closed instead. */
  release(error?: Error): void
}

/** A pool of connections. A `Pool` of the `pg` package has this shape. */
export interface PostgresPool {
  connect(callback: (error: Error | undefined, client: PostgresClient | undefined) => void): void
  on(event: 'error', listener: (error: Error) => void): unknown
  listeners(event: 'error'): unknown[]
}

const asText = { getTypeParser: () => (value: string) => value }

/** A query whose rows come as texts, whatever parsers the pool's owner registered for PostgreSQL's types. */
export function queryOf(text: string, values: readonly Value[], name?: string): PostgresQuery {
  const query: PostgresQuery = { text, values: [...values], rowMode: 'array', types: asText }
  if (name !== undefined) query.name = name
  return query
}

/** Runs one query, unnamed; without values it may be of several statements. */
export function ask(
  client: PostgresClient,
  text: string,
  values: readonly Value[] = [],
): Promise<PostgresAnswer> {
  return new Promise((resolve, reject) => {
    client.query(queryOf(text, values), (error, answer) => {
      if (error === null || error === undefined) resolve(answer)
      else reject(error)
    })
  })
}

/** PostgreSQL's five-character code of an error of its own, or of the error's cause. */
export function sqlState(error: unknown): string | undefined {
  if (!(error instanceof Error)) return undefined
  // Only PostgreSQL's have a severity; the system's have codes too.
  if ('severity' in error && 'code' in error && typeof error.code === 'string') return error.code
  return sqlState(error.cause)
}

/** A pool of the store's own. */
export interface OwnedPostgresPool extends PostgresPool {
  end(): Promise<void>
}

type PostgresPackage = typeof import('pg')

/** The peer, loaded on first use. Rejects with PEER_MISSING when it is not installed. */
async function loadPostgresPackage(): Promise<PostgresPackage> {
  try {
    return await import('pg')
  } catch (error) {
    return refusePeer(error, 'Cannot use a PostgreSQL session store', 'pg')
  }
}

/** A pool that opens connections as they are needed. It keeps no process alive that waits for nothing. */
export async function openPool(
  url: string,
  limits: PostgresLimits,
  prepare: boolean,
): Promise<OwnedPostgresPool> {
  const { default: pg } = await loadPostgresPackage()
  class QuickClient extends pg.Client {
    constructor(settings: ClientConfig = {}) {
      super({ ...settings, connectionTimeoutMillis: limits.connectTimeoutMs })
    }
  }
  return new pg.Pool({
    Client: QuickClient,
    connectionString: url,
    // One more than calls use: the connection that listens.
    max: limits.maxConnections + 1,
    // The pool's own also ends the wait for a connection that others use, and a call may wait for as long as it may take.
    connectionTimeoutMillis: Math.max(limits.connectTimeoutMs, limits.operationTimeoutMs),
    idleTimeoutMillis: limits.idleConnectionMs,
    allowExitOnIdle: true,
    keepAlive: true,
    // Poolers between refuse settings they do not know.
    ...(prepare ? { statement_timeout: limits.operationTimeoutMs } : {}),
  })
}
