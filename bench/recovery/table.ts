// The rows for people: by fault, with the reasons of what failed below.
import { writeGrid } from './grid.ts'
import type { RecoveryRow } from './row.ts'

const headings = [
  'contender',
  'done to it',
  'requests',
  'failed GET',
  'failed POST',
  'signed out',
  'lost',
  'doubled',
  'orders lost',
  'orders doubled',
  'p50 ms',
  'p99 ms',
  'max ms',
  'p99/calm',
] as const
const words: ReadonlySet<number> = new Set([0, 1])

export function writeRecovery(rows: readonly RecoveryRow[], seed: number): string {
  const calm = new Map(
    rows.flatMap((row) =>
      row.state === 'measured' && row.fault === 'calm' ? [[row.contender, row.p99Ms] as const] : [],
    ),
  )
  const blocks = [...Map.groupBy(rows, ({ fault }) => fault)].map(([fault, group]) =>
    [
      `${fault}:`,
      writeGrid([headings, ...group.map((row) => cellsOf(row, calm.get(row.contender)))], words),
      ...group.flatMap(reasonsOf),
    ].join('\n'),
  )
  return [...blocks, `SEED=${seed} deals the same faults again.`].join('\n\n')
}

function cellsOf(row: RecoveryRow, calmP99Ms: number | undefined): readonly string[] {
  if (row.state !== 'measured') return [row.contender, row.state]
  return [
    row.contender,
    doneTo(row),
    ...[row.requests, row.failedGets, row.failedPosts, row.signedOut].map(String),
    ...[row.lost, row.doubled, row.lostOrders, row.doubledOrders].map(String),
    ...[row.p50Ms, row.p99Ms, row.maxMs].map((figure) => figure.toFixed(figure < 10 ? 1 : 0)),
    calmP99Ms === undefined ? '' : `${(row.p99Ms / calmP99Ms).toFixed(1)}×`,
  ]
}

function doneTo({ kills, stops, rolls, failedRolls }: Extract<RecoveryRow, { state: 'measured' }>): string {
  const parts = [
    [kills, 'kills'],
    [rolls, 'rolls'],
    [failedRolls.length, 'rolls failed'],
    [stops, 'stopped'],
  ] as const
  return parts
    .filter(([count]) => count > 0)
    .map(([count, what]) => `${count} ${what}`)
    .join(', ')
}

function reasonsOf(row: RecoveryRow): readonly string[] {
  if (row.state === 'out') return [`  ${row.contender}: ${row.reason}`]
  if (row.state === 'not installed') return []
  const reasons = Object.entries(row.reasons)
    .toSorted(([, left], [, right]) => right - left)
    .map(([reason, count]) => `${reason} ×${count}`)
  return [
    ...(reasons.length === 0 ? [] : [`  ${row.contender}: ${reasons.join(', ')}`]),
    ...[...new Set(row.failedRolls)].map((said) => `  ${row.contender}, roll failed: ${lastLine(said)}`),
  ]
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? ''
}
