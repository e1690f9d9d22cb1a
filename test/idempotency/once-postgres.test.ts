// once and checkFence on PostgreSQL: exactly once, whatever query a SIGKILL comes before.
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { TestContext } from 'node:test'
import { Client, Pool } from 'pg'
import { checkFence, once } from '../../src/stores/postgres/index.ts'
import { ManualClock } from '../../src/testing/index.ts'
import { startFixture } from '../support/fixture.ts'
import { startPostgres } from '../support/postgres-server.ts'
import type { PostgresServer } from '../support/postgres-server.ts'

let server: PostgresServer
before(async () => {
  server = await startPostgres()
})
after(() => server.stop())

async function connected(t: TestContext): Promise<Client> {
  const client = new Client({ connectionString: server.url })
  await client.connect()
  t.after(() => client.end())
  return client
}

/** A client in a database that has a shop. */
async function shop(t: TestContext): Promise<Client> {
  const client = await connected(t)
  await client.query(`DROP TABLE IF EXISTS orders, stock;
    CREATE TABLE orders (id serial PRIMARY KEY, item text);
    CREATE TABLE stock (mugs int); INSERT INTO stock VALUES (100);`)
  return client
}

async function counts(client: Client): Promise<{ orders: number; mugs: number }> {
  const { rows } = await client.query('SELECT (SELECT count(*)::int FROM orders) AS orders, mugs FROM stock')
  return rows[0]
}

async function order(client: Client): Promise<number> {
  const { rows } = await client.query("INSERT INTO orders (item) VALUES ('mug') RETURNING id")
  await client.query('UPDATE stock SET mugs = mugs - 1')
  return Number(rows[0].id)
}

async function transact<Result>(client: Client, act: () => Promise<Result>): Promise<Result> {
  await client.query('BEGIN')
  try {
    const result = await act()
    await client.query('COMMIT')
    return result
  } catch (error) {
    await client.query('ROLLBACK')
    throw error
  }
}

const program = new URL('fixtures/order-once-postgres.ts', import.meta.url)
/** Queries of the program's run when the tables are there: `once`, the effect, BEGIN and COMMIT together. */
const leastQueries = 9

test('once: killed before each of its queries, effect and key are both there or neither; asking again makes it one', async (t) => {
  const client = await shop(t)
  const points = Array.from({ length: leastQueries + 3 }, (_, index) => index + 1)
  const run = async (key: string, killBefore: number) => {
    const child = startFixture(program, [server.url, key, String(killBefore)])
    t.after(child.stop)
    return child.exited
  }
  // While the tables are made, and then they are there.
  assert.equal(await run('order 0', 5), 'SIGKILL')
  assert.equal(await run('order 0', 0), 0)
  const exits: (number | string)[] = []
  for (let at = 0; at < points.length; at += 4) {
    const batch = points.slice(at, at + 4).map((point) => run(`order ${point}`, point))
    exits.push(...(await Promise.all(batch)))
  }
  const killed = exits.filter((exit) => exit === 'SIGKILL').length
  assert.ok(killed >= leastQueries && killed < points.length, `killed before ${killed} queries`)
  assert.deepEqual(new Set(exits.slice(killed)), new Set([0]))
  const left = await counts(client)
  assert.equal(left.orders + left.mugs, 100)
  for (const point of [0, ...points]) {
    const { value } = await transact(client, () => once(client, `order ${point}`, () => order(client)))
    assert.ok(value > 0)
  }
  assert.deepEqual(await counts(client), { orders: points.length + 1, mugs: 99 - points.length })
})

test('once: of several at once one does it, the others wait and get its result', async (t) => {
  const watching = await shop(t)
  const clients = await Promise.all(Array.from({ length: 5 }, () => connected(t)))
  const outcomes = await Promise.all(
    clients.map((client) => transact(client, () => once(client, 'at once', () => order(client)))),
  )
  assert.equal(outcomes.filter(({ isRepeated }) => !isRepeated).length, 1)
  assert.equal(new Set(outcomes.map(({ value }) => value)).size, 1)
  assert.equal((await counts(watching)).orders, 1)
})

test('once: later calls get the result of the first, whatever JSON it is, and do nothing', async (t) => {
  const client = await shop(t)
  for (const [index, result] of [undefined, null, 0, '', 'ä\0', [1, { a: null }], false].entries()) {
    let runs = 0
    const effect = () => {
      runs += 1
      return result
    }
    const ask = () => transact(client, () => once(client, `key ${index}`, effect))
    assert.deepEqual(await ask(), { value: result, isRepeated: false })
    assert.deepEqual(await ask(), { value: result, isRepeated: true })
    assert.equal(runs, 1)
  }
})

test('once: an effect that fails leaves no trace, and even when committed the next one does it', async (t) => {
  const client = await shop(t)
  const failing = () => Promise.reject(new Error('sold out'))
  const soldOut = { message: 'sold out' }
  await assert.rejects(
    transact(client, () => once(client, 'a', failing)),
    soldOut,
  )
  await client.query('BEGIN')
  await assert.rejects(once(client, 'a', failing), soldOut)
  await client.query('COMMIT')
  const noJson = transact(client, () => once(client, 'a', () => 1n))
  await assert.rejects(noJson, { code: 'OPTION_INVALID' })
  const { isRepeated } = await transact(client, () => once(client, 'a', () => order(client)))
  assert.equal(isRepeated, false)
  assert.equal((await counts(client)).orders, 1)
})

test('once and checkFence: are refused outside of a transaction, before anything is done', async (t) => {
  const client = await shop(t)
  const pool = new Pool({ connectionString: server.url, max: 2 })
  t.after(() => pool.end())
  for (const outside of [client, pool]) {
    const done = once(outside, 'outside', () => order(client))
    await assert.rejects(done, { code: 'OPTION_INVALID' })
    await assert.rejects(checkFence(outside, { name: 'outside', fence: 1 }), { code: 'OPTION_INVALID' })
  }
  assert.equal((await counts(client)).orders, 0)
  const { isRepeated } = await transact(client, () => once(client, 'outside', () => order(client)))
  assert.equal(isRepeated, false)
})

test('once: tables that were rolled back are made again, also when several keys were used with them', async (t) => {
  const client = await shop(t)
  await client.query('DROP TABLE IF EXISTS drover_once, drover_fence')
  await client.query('BEGIN')
  await once(client, 'a', () => order(client))
  await once(client, 'b', () => order(client))
  await client.query('ROLLBACK')
  const { isRepeated } = await transact(client, () => once(client, 'a', () => order(client)))
  assert.equal(isRepeated, false)
  assert.equal((await counts(client)).orders, 1)
})

test('once: keys are forgotten after their retention, and do not pile up', async (t) => {
  const client = await shop(t)
  await client.query('DROP TABLE IF EXISTS drover_once, drover_fence')
  const fresh = await connected(t)
  const options = { retentionMs: 1_000, clock: new ManualClock() }
  const ask = (key: string) => transact(fresh, () => once(fresh, key, () => key, options))
  for (let count = 0; count < 10; count += 1) await ask(`key ${count}`)
  options.clock.advance(999)
  assert.equal((await ask('key 1')).isRepeated, true)
  options.clock.advance(1)
  assert.equal((await ask('key 1')).isRepeated, false)
  for (let count = 0; count < 5; count += 1) await ask(`new ${count}`)
  const { rows } = await fresh.query('SELECT count(*)::int AS n FROM drover_once')
  assert.equal(rows[0].n, 6)
})

test('checkFence: refuses a lower fence than it has seen, per lease; of two at once the commit of the first decides', async (t) => {
  const [one, other] = [await connected(t), await connected(t)]
  const write = (client: Client, name: string, fence: number) =>
    transact(client, () => checkFence(client, { name, fence }))
  for (const fence of [2, 2, 5]) await write(one, 'job', fence)
  await assert.rejects(write(other, 'job', 4), { code: 'LEASE_LOST' })
  await write(other, 'other job', 1)
  await one.query('BEGIN')
  await checkFence(one, { name: 'job', fence: 7 })
  const waiting = write(other, 'job', 6)
  const refused = assert.rejects(waiting, { code: 'LEASE_LOST' })
  await one.query('COMMIT')
  await refused
  await write(other, 'job', 7)
})
