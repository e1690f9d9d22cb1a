// The suite that measures sessions on Redis, for a fraction of a second: the figures are real, however little they say.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { benchRuns, measured, peersOf } from './bench-run.ts'

const bench = benchRuns()
const briefly = ['--seconds', '0.2', '--rounds', '1']

describe('npm run bench, sessions', () => {
  test('sessions: compares reads and writes on Redis, with and without near cache, with the peers and by hand', async () => {
    const run = await bench.rows('sessions', ...briefly)
    const rows = measured(run.rows)
    assert.deepEqual(peersOf(rows), new Set(['express-session', '@fastify/session', 'by hand']))
    // Two of ours; two peers with two loads of three rows, and by hand with four loads of four rows.
    assert.equal(rows.length, 2 * (2 * 2 * 3 + 4 * 4))
    assert.match(run.output, /sessions: write, Drover on Redis: .*requests\/s +above 1/)
    assert.match(
      run.output,
      /sessions: read, Drover with near cache: CPU added .*(?:≤ 0\.10× (?:met|missed)|too little to measure)/,
    )
  })
})
