// The balancer's other suites, briefly: what it adds to a request's latency, and what few connections that do nothing cost it.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { benchRuns, measured, peersOf } from './bench-run.ts'

const bench = benchRuns()
const few = 100

describe('npm run bench, latency and connections of the balancer', () => {
  test('balancer-connections: weighs idle connections and WebSockets, and finds all of them served', async () => {
    const run = await bench.rows('balancer-connections', '--connections', String(few), '--rounds', '1')
    const rows = measured(run.rows)
    assert.deepEqual(peersOf(rows), new Set(['a bare Node server', 'a server with ws']))
    const held = rows.filter(({ unit }) => unit === 'connections')
    assert.deepEqual(
      held.map(({ what, ours, peer }) => [what, ours, peer]),
      ['idle connections', 'WebSockets', 'WebSockets'].map((kind) => [
        `balancer: ${few} ${kind} held`,
        few,
        few,
      ]),
    )
    // Twice for each kind and peer; what so few weigh says nothing yet.
    assert.equal(rows.filter(({ unit }) => unit === 'KB').length, 2 * 3)
    assert.match(run.output, /100 idle connections held .* above 1 +≥ 1\.00× met/)
    assert.deepEqual(await bench.leftovers(), [])
  })

  test('balancer-latency: compares what a request waits longer for with nginx, at a load that both can take', async () => {
    const run = await bench.rows('balancer-latency', '--seconds', '0.3', '--rounds', '1')
    const rows = measured(run.rows)
    assert.match(run.errors, /^balancer-latency: half load is [\d,]+ requests\/s$/m)
    assert.deepEqual(peersOf(rows), new Set(['nginx']))
    assert.ok(rows.every(({ unit }) => unit === 'ms'))
    for (const [index, part] of ['p50', 'p99'].entries())
      assert.match(rows[index]?.what ?? '', new RegExp(`^balancer: ${part} added at half load`))
    assert.equal(rows.length, 2)
  })
})
