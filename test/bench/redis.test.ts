// The suites that look at Redis itself, how much sessions take there, and how soon it tells that they ended; and that of tokens.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { benchRuns, measured } from './bench-run.ts'

const bench = benchRuns()
const briefly = ['--seconds', '0.2', '--rounds', '1']

describe('npm run bench, Redis and tokens', () => {
  test('store-size: weighs sessions and their index, and ends all of a principal in one command', async () => {
    const run = await bench.rows('store-size', ...briefly, '--sessions', '2000')
    const rows = measured(run.rows)
    const sizes = rows.filter(({ unit }) => unit === 'B/session')
    assert.equal(sizes.length, 3)
    for (const { ours, peer } of sizes) assert.ok(ours > 20 && ours < 5_000 && peer > 200 && peer < 5_000)
    const commands = rows.filter(({ unit }) => unit === 'round trips')
    assert.deepEqual(
      commands.map(({ ours }) => ours),
      [1],
    )
    assert.ok(commands.every(({ peer }) => peer > 100))
    assert.equal(rows.filter(({ unit }) => unit === 'ms').length, 3)
  })

  test('revocation: tells how soon another server refuses requests and closes sockets', async () => {
    const { rows } = await bench.rows('revocation', ...briefly)
    const figures = measured(rows)
    assert.equal(figures.length, 4)
    assert.ok(figures.every(({ unit }) => unit === 'ms'))
  })

  test('tokens: compares the check of a token with jose, @fastify/jwt, jsonwebtoken and express-jwt', async () => {
    const { rows } = await bench.rows('tokens', ...briefly)
    const figures = measured(rows)
    // Four peers and the check alone; two of them know no EdDSA.
    assert.equal(figures.length, 5 + 5 + 3)
    assert.ok(figures.every(({ unit }) => unit === 'µs CPU/request'))
  })
})
