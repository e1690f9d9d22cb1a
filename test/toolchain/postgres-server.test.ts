// The test's own PostgreSQL is real, private and leaves nothing.
import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { test } from 'node:test'
import { Client } from 'pg'
import { startPostgres } from '../support/postgres-server.ts'
import { runningOf } from '../support/process.ts'

async function useDatabase(url: string): Promise<{ readonly price: number; readonly folder: string }> {
  const client = new Client({ connectionString: url })
  await client.connect()
  try {
    await client.query('create table mug (price int)')
    await client.query('insert into mug values (12)')
    const mugs = await client.query<{ price: number }>('select price from mug')
    const setting = await client.query<{ data_directory: string }>('show data_directory')
    return { price: mugs.rows[0]?.price ?? 0, folder: dirname(setting.rows[0]?.data_directory ?? '') }
  } finally {
    await client.end()
  }
}

test('startPostgres gives an empty database, and stop leaves neither process nor folder', async () => {
  const server = await startPostgres()
  try {
    const { price, folder } = await useDatabase(server.url)
    assert.equal(price, 12)
    assert.match(folder, /drover-postgres-/)
    assert.equal(existsSync(folder), true)
    await server.stop()
    assert.equal(existsSync(folder), false)
    assert.deepEqual(await runningOf([server.pid]), [])
  } finally {
    await server.stop()
  }
})
