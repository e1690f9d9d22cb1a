// npm run bench -- recovery, briefly, with the count that it rests on; and the judgement of the soak.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readRecoveryChoices } from '../../bench/recovery/choices.ts'
import { judge, Ledger } from '../../bench/recovery/ledger.ts'
import type { RecoveryRow } from '../../bench/recovery/row.ts'
import { judgeMemory } from '../../bench/recovery/slope.ts'
import { writeRecovery } from '../../bench/recovery/table.ts'
import { benchRuns } from './bench-run.ts'

const bench = benchRuns()
const clean = { lost: 0, doubled: 0, lostOrders: 0, doubledOrders: 0 }

function answered(times: number): Ledger {
  const ledger = new Ledger()
  for (let time = 0; time < times; time++) ledger.incrementAnswered()
  return ledger
}

describe('npm run bench -- recovery', () => {
  test('counts what users of Drover and of nginx suffer while instances are killed, and prints one table', async () => {
    const words = ['--only', 'drover,nginx', '--faults', 'a', '--seconds', '3', '--users', '2', '--seed', '1']
    const run = await bench.rows('recovery', ...words)
    const rows = run.rows as readonly RecoveryRow[]
    assert.deepEqual(
      rows.map(({ contender, state }) => [contender, state]),
      [
        ['Drover', 'measured'],
        ['nginx', 'measured'],
      ],
      run.output,
    )
    for (const row of rows) {
      assert.ok(row.state === 'measured' && row.kills >= 2 && row.requests > 0, run.output)
      const { lost, doubled, lostOrders, doubledOrders, signedOut } = row
      const counts = { lost, doubled, lostOrders, doubledOrders, signedOut }
      for (const count of Object.values(counts)) assert.ok(Number.isInteger(count) && count >= 0)
      if (row.contender !== 'Drover') continue
      assert.deepEqual(counts, { lost: 0, doubled: 0, lostOrders: 0, doubledOrders: 0, signedOut: 0 })
    }
    assert.match(run.output, /^contender +done to it +requests +failed GET .* max ms/m)
    assert.match(run.output, /^Drover +\d+ kills/m)
    assert.match(run.output, /^SEED=1 /m)
    assert.deepEqual(await bench.leftovers(), [])
  })

  test('names of contenders and faults, users and seed are read, and a wrong one is refused by its name', () => {
    const words = { contenders: 'drover, nginx', faults: 'a,calm', users: '3', seed: '5' }
    const choices = { contenders: ['drover', 'nginx'], faults: ['a', 'calm'], users: 3, seed: 5 }
    assert.deepEqual(readRecoveryChoices(words), choices)
    for (const [wrong, message] of [
      [{ faults: 'e' }, /^Cannot use --faults "e": wanted some of calm, a, b, c, d$/],
      [{ users: '17' }, /^Cannot use --users "17": wanted a whole number, 1 to 16$/],
      [{ seed: 'x' }, /^Cannot use --seed "x": wanted a whole number, 0 to 2147483647$/],
    ] as const)
      assert.throws(() => readRecoveryChoices(wrong), { message })
  })

  test('who is missing or did not start has a row that says so', () => {
    const table = writeRecovery(
      [
        { contender: 'Caddy', fault: 'calm', state: 'not installed' },
        { contender: 'PM2', fault: 'calm', state: 'out', reason: 'Cannot sign in: timeout' },
      ],
      7,
    )
    assert.match(table, /^Caddy +not installed$/m)
    assert.match(table, /^PM2 +out$/m)
    assert.match(table, /^ {2}PM2: Cannot sign in: timeout$/m)
  })
})

describe("the count of one user's cart and orders", () => {
  test('as many pieces as were answered are none too few and none too many', () => {
    const ledger = answered(3)
    ledger.cartSeen(3)
    assert.deepEqual(judge(ledger, 3, []), clean)
  })

  test('an unanswered increment may count or not, at once or later, but never twice', () => {
    for (const [cart, doubled] of [
      [3, 0],
      [4, 0],
      [5, 1],
    ] as const) {
      const ledger = answered(3)
      ledger.incrementUnanswered()
      ledger.cartSeen(3)
      ledger.cartSeen(cart)
      assert.deepEqual(judge(ledger, cart, []), { ...clean, doubled })
    }
  })

  test('an answered increment that is not there is lost, and one that is there twice is doubled', () => {
    const ledger = answered(3)
    ledger.cartSeen(2)
    assert.equal(judge(ledger, 2, []).lost, 1)
    ledger.incrementAnswered()
    ledger.cartSeen(4)
    // The sums agree again; what was seen on the way is not forgotten.
    assert.deepEqual(judge(ledger, 4, []), { ...clean, lost: 1, doubled: 1 })
  })

  test('pieces that were ordered are counted in the database', () => {
    const ledger = answered(3)
    ledger.orderAnswered('one', 3)
    ledger.incrementAnswered()
    ledger.cartSeen(1)
    assert.deepEqual(judge(ledger, 1, [{ id: 'one', quantity: 3 }]), clean)
    assert.deepEqual(judge(ledger, 1, []), { ...clean, lost: 3, lostOrders: 1 })
  })

  test('an unanswered checkout may have ordered or not', () => {
    const kept = answered(3)
    kept.orderUnanswered()
    kept.cartSeen(3)
    assert.deepEqual(judge(kept, 3, []), clean)
    const taken = answered(3)
    taken.orderUnanswered()
    taken.cartSeen(0)
    assert.deepEqual(judge(taken, 0, [{ id: 'one', quantity: 3 }]), clean)
    assert.deepEqual(judge(taken, 0, []), { ...clean, lost: 3 })
  })

  test('the next checkout may answer with the order that an unanswered one had placed', () => {
    const ledger = answered(3)
    ledger.orderUnanswered()
    ledger.incrementAnswered()
    ledger.orderAnswered('one', 3)
    ledger.cartSeen(1)
    assert.deepEqual(judge(ledger, 1, [{ id: 'one', quantity: 3 }]), clean)
  })

  test('an order of the same cart beside the answered one is doubled, and so are its pieces', () => {
    const ledger = answered(3)
    ledger.orderAnswered('one', 3)
    const orders = [
      { id: 'one', quantity: 3 },
      { id: 'two', quantity: 3 },
    ]
    assert.deepEqual(judge(ledger, 0, orders), { ...clean, doubled: 3, doubledOrders: 1 })
  })
})

describe('the judgement of a soak', () => {
  const samples = (mbAt: (minute: number) => number) =>
    Array.from({ length: 60 }, (_, index) => [index * 10, mbAt(index / 6)] as const)

  test('memory that is reached in the warm-up and then scatters is flat', () => {
    const row = judgeMemory(
      'primary',
      samples((minute) => (minute < 3 ? 50 + minute * 5 : 65 + Math.sin(minute * 40))),
    )
    assert.ok(row.isFlat)
  })

  test('half a megabyte a minute through the same scatter is growth', () => {
    const row = judgeMemory(
      'primary',
      samples((minute) => 50 + minute / 2 + Math.sin(minute * 40)),
    )
    assert.ok(!row.isFlat)
    assert.ok(Math.abs(row.slopeMbPerMinute - 0.5) < 0.2)
  })

  test('two samples are refused', () => {
    assert.throws(
      () =>
        judgeMemory('primary', [
          [10, 1],
          [20, 1],
        ]),
      /too few samples/,
    )
  })
})
