// The suites that measure sessions on other stores and in cookies, for a fraction of a second each.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { benchRuns, measured, peersOf } from './bench-run.ts'

const bench = benchRuns()
const briefly = ['--seconds', '0.2', '--rounds', '1']

describe('npm run bench, sessions elsewhere', () => {
  test('sessions-stores: compares SQLite and PostgreSQL with express-session on Redis', async () => {
    const run = await bench.rows('sessions-stores', ...briefly)
    const rows = measured(run.rows)
    assert.deepEqual(peersOf(rows), new Set(['express-session']))
    assert.equal(rows.length, 2 * 2 * 2)
    assert.match(run.output, /sessions-stores: read, Drover on PostgreSQL: /)
  })

  test('sessions-cookies: compares with sessions that are in the cookie itself', async () => {
    const { rows, output } = await bench.rows('sessions-cookies', ...briefly)
    assert.deepEqual(peersOf(measured(rows)), new Set(['iron-session', 'cookie-session']))
    assert.equal(rows.length, 3 * 2 * 2 * 2)
    assert.match(output, /sessions-cookies: read, Drover in cookies: /)
  })
})
