// The TokenStore contract on what needs no server: memory, and a SQLite file that two stores share.
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, before, describe, test } from 'node:test'
import type { Clock } from '../../src/base/clock.ts'
import { memoryTokenStore } from '../../src/stores/memory/index.ts'
import { MemoryTokens } from '../../src/stores/memory/token-families.ts'
import { MemoryTokenStore } from '../../src/stores/memory/tokens.ts'
import { sqliteTokenStore } from '../../src/stores/sqlite/index.ts'
import { ManualClock, tokenStoreContract } from '../../src/testing/index.ts'
import { familyAt, newKey, revokedMs, Told } from '../../src/testing/token-store/stage.ts'
import { until } from '../support/until.ts'

let folder = ''
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'drover-tokens-'))
})
after(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('tokenStoreContract, memory', () => {
  // Two servers are known by their clock.
  const shared = new WeakMap<Clock, MemoryTokens>()
  const open = (clock: Clock) => {
    const tokens = shared.get(clock) ?? new MemoryTokens()
    shared.set(clock, tokens)
    return new MemoryTokenStore(tokens, clock)
  }
  for (const { name, run } of tokenStoreContract({ open })) test(name, run)

  test('it is refused where several instances could run', () => {
    const environment = { NODE_ENV: 'production' }
    assert.throws(() => memoryTokenStore({ environment }), { code: 'OPTION_INVALID', message: /tokens/ })
  })
})

describe('tokenStoreContract, SQLite', () => {
  // Other tests share the processor.
  const patient = { operationTimeoutMs: 20_000 }
  const open = (clock: Clock) => sqliteTokenStore(join(folder, 'contract.db'), { ...patient, clock })
  for (const { name, run } of tokenStoreContract({ open })) test(name, run)

  test('what is over is swept: families, marks and revocations', async () => {
    const path = join(folder, 'swept.db')
    const clock = new ManualClock()
    const store = sqliteTokenStore(path, { ...patient, clock, sweepIntervalMs: 1 })
    const [old, lasting] = [newKey(), newKey()]
    await store.createFamily(old, familyAt(clock, { absoluteDeadlineMs: clock.now() + 10 }))
    await store.createFamily(lasting, familyAt(clock))
    await store.endFamily(newKey(), clock.now() + 10)
    clock.advance(10)
    const database = new DatabaseSync(path)
    const count = (table: string) =>
      Number(database.prepare(`SELECT count(*) AS n FROM drover_token_${table}`).get()?.['n'])
    await until('the sweep', () => ['family', 'mark', 'revocation'].map(count).join() === '1,1,0')
    assert.ok((await store.loadFamily(lasting)) !== undefined)
    database.close()
    await store.close()
  })

  test('a file that is replaced by an older copy is followed from its beginning', async () => {
    const path = join(folder, 'replaced.db')
    const clock = new ManualClock()
    const store = sqliteTokenStore(path, { ...patient, clock })
    const told = new Told(store)
    const [first, second] = [newKey(), newKey()]
    await store.endFamily(first, clock.now() + revokedMs)
    await told.until('the first is told', () => told.ofFamily(first).length > 0)
    const database = new DatabaseSync(path)
    database.exec('DELETE FROM drover_token_revocation; DELETE FROM sqlite_sequence')
    database.close()
    const rounds = told.currents.length
    await told.until('the loss is seen', () => told.currents.length > rounds + 1)
    await store.endFamily(second, clock.now() + revokedMs)
    await told.until('the second is told', () => told.ofFamily(second).length > 0)
    await store.close()
  })

  test('a folder that cannot be made is a cut, and STORE_UNAVAILABLE for every call', async () => {
    const path = join(folder, 'contract.db', 'below', 'tokens.db')
    const store = sqliteTokenStore(path, patient)
    const told = new Told(store)
    await told.until('the cut is told', () => told.cuts.length > 0)
    assert.match(String(told.cuts[0]), /Cannot follow the revocations/)
    await assert.rejects(store.loadKeys('ring'), { code: 'STORE_UNAVAILABLE' })
    assert.equal(told.currents.length, 0)
    await store.close()
  })

  test('a path that no other process could share is refused', () => {
    for (const path of ['', ':memory:'])
      assert.throws(() => sqliteTokenStore(path), { code: 'OPTION_INVALID' })
  })
})
