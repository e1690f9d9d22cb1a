// The PostgreSQL store against the real thing: its contract over each kind of connection, and what rests in the tables.
import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { Pool } from 'pg'
import { postgresSessionStore } from '../../src/stores/postgres/index.ts'
import { ManualClock, sessionStoreContract } from '../../src/testing/index.ts'
import { startPostgres } from '../support/postgres-server.ts'
import type { PostgresServer } from '../support/postgres-server.ts'

// Other tests share the processor: where a test is not about deadlines, they are far away.
const patient = {
  operationTimeoutMs: 20_000,
  connectTimeoutMs: 20_000,
  openTimeoutMs: 20_000,
  maxConnections: 4,
}

let server: PostgresServer
before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

// How soon an end is told is not what these are about, only that it is.
const watchWithinMs = 20_000

describe('postgresSessionStore contract, by URL', () => {
  const open = (clock: ManualClock) => postgresSessionStore(server.url, { ...patient, clock })
  for (const { name, run } of sessionStoreContract({ open, watchWithinMs })) test(name, run)
})

describe('postgresSessionStore contract, injected pools, unprepared, in a schema of its own', () => {
  const pools: Pool[] = []
  let turn = 0
  before(() => {
    for (let count = 0; count < 2; count += 1) pools.push(new Pool({ connectionString: server.url, max: 4 }))
  })
  after(() => Promise.all(pools.map((pool) => pool.end())))
  const open = (clock: ManualClock) => {
    turn += 1
    const pool = pools[turn % pools.length]
    assert.ok(pool)
    return postgresSessionStore(pool, { ...patient, clock, schema: 'Shop "1"', prepare: false })
  }
  for (const { name, run } of sessionStoreContract({ open, watchWithinMs })) test(name, run)
})
