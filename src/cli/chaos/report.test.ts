import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Counts } from './counts.ts'
import type { Deed } from './fault.ts'
import { deedLine, reportLines } from './report-lines.ts'
import { buildReport, type ChaosRun } from './report.ts'

const plain = { paint: (_: unknown, text: string) => text }

function counts(over: Partial<Counts> = {}): Counts {
  const none = new Map()
  return { requests: 0, failed: 0, serverErrors: 0, retried: 0, durations: none, waits: none, ...over }
}

function deed(over: Partial<Deed>): Deed {
  const empty = { kind: 'kill', atMs: 0, target: '', outcome: 'done', detail: '' } as const
  return { ...empty, backMs: null, tookAway: false, ...over }
}

function times(...buckets: readonly (readonly [number, number])[]): ReadonlyMap<number, number> {
  return new Map(buckets)
}

const calm = counts({ requests: 1_000, durations: times([1, 990], [5, 1_000], [Infinity, 1_000]) })
const end = counts({
  requests: 13_345,
  serverErrors: 2,
  retried: 12,
  durations: times([1, 10_000], [5, 13_345], [Infinity, 13_345]),
  waits: times([1, 13_342], [250, 13_345], [Infinity, 13_345]),
})
const run: ChaosRun = {
  seed: 42,
  calmMs: 3_000,
  faultMs: 60_123.4,
  deeds: [
    deed({ tookAway: true, backMs: 200 }),
    deed({ tookAway: true, backMs: 900.4 }),
    deed({ tookAway: true, backMs: 300 }),
    deed({ outcome: 'skipped' }),
    deed({ kind: 'hang', tookAway: true }),
    deed({ kind: 'deploy', outcome: 'failed' }),
  ],
  counts: [counts(), calm, end],
  cutWithBalancers: 0,
  leftStopped: 0,
  isInterrupted: false,
  trouble: null,
}

test('buildReport tells what clients met in calm and under fault, and when the capacity was back', () => {
  const report = buildReport(run)
  assert.equal(report.verdict, 'nobody noticed: 0 of 12,345 requests failed')
  assert.equal(report.isGood, true)
  assert.deepEqual(report.kinds, [
    { kind: 'kill', done: 3, skipped: 1, failed: 0, backMs: { median: 300, worst: 900 }, notBack: 0 },
    { kind: 'hang', done: 1, skipped: 0, failed: 0, backMs: null, notBack: 1 },
    { kind: 'deploy', done: 0, skipped: 0, failed: 1, backMs: null, notBack: 0 },
  ])
  assert.equal(report.calm.requests, 1_000)
  assert.deepEqual(
    [report.underFault.appErrors, report.underFault.parked, report.underFault.longestParkedMs],
    [2, 3, 250],
  )
  assert.equal(report.faultMs, 60_123)
})

const verdicts: readonly (readonly [
  title: string,
  over: Partial<ChaosRun>,
  verdict: string,
  isGood: boolean,
])[] = [
  [
    'requests that failed',
    { counts: [counts(), calm, { ...end, failed: 3, serverErrors: 3 }] },
    'clients noticed: 3 of 12,345 requests failed',
    false,
  ],
  [
    'requests that were cut with a balancer',
    { cutWithBalancers: 4 },
    'clients noticed: 0 of 12,345 requests failed, and about 4 more were cut with the balancers that were killed',
    false,
  ],
  [
    'that no request came in',
    { counts: [counts(), calm, calm] },
    'no requests came in: put load on it to learn something',
    true,
  ],
  [
    'that the fleet has gone',
    { trouble: 'the fleet has gone: nothing is running there' },
    'the fleet has gone: nothing is running there (0 of 12,345 requests failed until then)',
    false,
  ],
  [
    'what is left stopped',
    { leftStopped: 1 },
    '1 instances are left stopped (0 of 12,345 requests failed)',
    false,
  ],
]

for (const [title, over, verdict, isGood] of verdicts) {
  test(`the verdict tells ${title}`, () => {
    const report = buildReport({ ...run, ...over })
    assert.deepEqual([report.verdict, report.isGood], [verdict, isGood])
  })
}

test('reportLines lays the report out as two tables', () => {
  assert.deepEqual(reportLines(buildReport(run), 'drover chaos --seed 42', plain), [
    '3.0 s calm, 60.1 s under fault; the same again: drover chaos --seed 42',
    '',
    'FAULT   DONE  SKIPPED  FAILED  BACK IN, MEDIAN       WORST',
    'kill       3        1       0           300 ms      900 ms',
    'hang       1        0       0                -  1 not back',
    'deploy     0        0       1                -           -',
    '',
    'CLIENTS                   CALM  UNDER FAULT',
    'requests                 1,000       12,345',
    'failed                       0            0',
    "the app's own 5xx            0            2",
    'repeated attempts            0           12',
    'waited for an instance       0            3',
    'longest wait, at most        -       250 ms',
    'p50                     0.5 ms       0.7 ms',
    'p99                       1 ms         5 ms',
    'slowest, at most          5 ms         5 ms',
    '',
  ])
})

test('deedLine tells a fault as it happens, and why one was skipped', () => {
  const target = 'instance 2 (process 4711)'
  assert.equal(deedLine(deed({ target }), 3_210, plain), '  3.2 s  kill           instance 2 (process 4711)')
  assert.equal(
    deedLine(deed({ kind: 'hang', outcome: 'skipped', detail: 'no instance is ready' }), 12_000, plain),
    ' 12.0 s  hang           skipped: no instance is ready',
  )
  assert.equal(
    deedLine(
      deed({ kind: 'store-restart', outcome: 'failed', target: 'false', detail: 'exit code 1' }),
      0,
      plain,
    ),
    '  0.0 s  store-restart  failed: false: exit code 1',
  )
})
