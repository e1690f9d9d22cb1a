// npm run bench as a command: its first suite for a fraction of a second, its end by a signal, what it refuses.
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { benchRuns, ended, measured, peersOf } from './bench-run.ts'

const bench = benchRuns()

describe('npm run bench', () => {
  test('balancer: compares every load with every proxy and prints the table', async () => {
    const run = await bench.rows('balancer', '--seconds', '0.3', '--rounds', '1')
    const rows = measured(run.rows)
    assert.match(run.errors, /^balancer: round 1 of 1$/m)
    assert.deepEqual(peersOf(rows), new Set(['nginx', 'http-proxy-3', '@fastify/http-proxy']))
    assert.equal(rows.length, 3 * 3 * 2 + 3)
    assert.match(run.output, /balancer: GET 300 B +nginx .*µs CPU\/request +below 1 +≤ 2\.00× (?:met|missed)/)
  })

  test('SIGTERM in the middle of a run stops every program and removes every folder', async () => {
    const child = bench.start('balancer', '--seconds', '60')
    const end = ended(child)
    await new Promise<void>((resolve) => {
      child.stderr?.on('data', (chunk: string) => {
        if (chunk.includes('warming up')) resolve()
      })
      child.once('exit', () => {
        resolve()
      })
    })
    child.kill('SIGTERM')
    // `close` comes only when nobody holds the pipes any more.
    const { code, errors } = await end
    assert.equal(code, 143, errors)
    assert.deepEqual(await bench.leftovers(), [])
  })

  for (const [words, wanted] of [
    [
      ['balancers'],
      /^Cannot run suite "balancers": wanted one of balancer, balancer-latency, balancer-connections, sessions, [^\n]*pains\n$/,
    ],
    [['--rounds', '0'], /^Cannot use --rounds "0": wanted a whole number, 1 to 100\n$/],
    [['--seconds', 'long'], /^Cannot use --seconds "long": wanted 0\.1 to 3600\n$/],
    [['--sessions', '10'], /^Cannot use --sessions "10": wanted a whole number, 1000 to 10000000\n$/],
    [['--connections', '99'], /^Cannot use --connections "99": wanted a whole number, 100 to 100000\n$/],
    [
      ['recovery', '--only', 'apache'],
      /^Cannot use --only "apache": wanted some of drover, nginx, [^\n]*pm2\n$/,
    ],
    [['--speed'], /^[^\n]*--speed[^\n]*\n$/],
  ] as const) {
    test(`${words.join(' ')} is refused in one line, with code 2`, async () => {
      const { code, errors } = await ended(bench.start(...words))
      assert.match(errors, wanted)
      assert.equal(code, 2)
    })
  }

  test('--help tells the suites and options', async () => {
    const { code, output } = await ended(bench.start('--help'))
    assert.equal(code, 0)
    assert.match(output, /--json FILE/)
    for (const suite of [
      'balancer',
      'balancer-latency',
      'balancer-connections',
      'sessions',
      'sessions-stores',
      'sessions-cookies',
      'store-size',
      'revocation',
      'recovery',
      'soak',
      'pains',
    ])
      assert.match(output, new RegExp(`^ {2}${suite} `, 'm'))
  })
})
