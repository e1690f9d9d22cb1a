// The report, and each fault as it happens, for a person.
import type { Printer } from '../printer.ts'
import { formatTable, type Column } from '../table.ts'
import type { Deed } from './fault.ts'
import { formatCount, formatKnownMs, formatMs } from './figures.ts'
import type { ChaosReport, KindSummary, Suffering } from './report.ts'

type Painter = Pick<Printer, 'paint'>

const faultColumns: readonly Column[] = [
  { title: 'FAULT', align: 'left' },
  { title: 'DONE', align: 'right' },
  { title: 'SKIPPED', align: 'right' },
  { title: 'FAILED', align: 'right' },
  { title: 'BACK IN, MEDIAN', align: 'right' },
  { title: 'WORST', align: 'right' },
]
const clientColumns: readonly Column[] = [
  { title: 'CLIENTS', align: 'left' },
  { title: 'CALM', align: 'right' },
  { title: 'UNDER FAULT', align: 'right' },
]

/** Everything but the verdict. `again`: the words that repeat the run. */
export function reportLines(report: ChaosReport, again: string, printer: Painter): string[] {
  const { calm, underFault, calmMs, faultMs, interrupted } = report
  const [faultTitles = '', ...faultRows] = formatTable(faultColumns, report.kinds.map(faultCells))
  const [clientTitles = '', ...clientRows] = formatTable(clientColumns, clientCells(calm, underFault))
  return [
    `${formatMs(calmMs)} calm, ${formatMs(faultMs)} under fault${interrupted ? ', interrupted' : ''}; the same again: ${again}`,
    '',
    ...(faultRows.length === 0 ? ['no fault was done'] : [printer.paint('dim', faultTitles), ...faultRows]),
    '',
    printer.paint('dim', clientTitles),
    ...clientRows,
    '',
  ]
}

/** `  3.2 s  kill      instance 2 (process 4711)`. */
export function deedLine(deed: Deed, atMs: number, printer: Painter): string {
  const { kind, target, outcome, detail } = deed
  const when = `${(Math.max(0, atMs) / 1_000).toFixed(1)} s`.padStart(7)
  const what = [outcome === 'skipped' ? 'skipped' : '', outcome === 'failed' ? 'failed' : '', target, detail]
  const line = `${when}  ${kind.padEnd(13)}  ${what.filter((part) => part !== '').join(': ')}`
  if (outcome === 'failed') return printer.paint('red', line)
  return outcome === 'skipped' ? printer.paint('dim', line) : line
}

function faultCells({ kind, done, skipped, failed, backMs, notBack }: KindSummary): readonly string[] {
  const worst = notBack > 0 ? `${notBack} not back` : formatKnownMs(backMs?.worst ?? null)
  const counts = [done, skipped, failed].map(formatCount)
  return [kind, ...counts, formatKnownMs(backMs?.median ?? null), worst]
}

function clientCells(calm: Suffering, fault: Suffering): readonly (readonly string[])[] {
  const both = (title: string, show: (suffering: Suffering) => string) => [title, show(calm), show(fault)]
  return [
    both('requests', ({ requests }) => formatCount(requests)),
    both('failed', ({ failed }) => formatCount(failed)),
    both("the app's own 5xx", ({ appErrors }) => formatCount(appErrors)),
    both('repeated attempts', ({ retried }) => formatCount(retried)),
    both('waited for an instance', ({ parked }) => formatCount(parked)),
    both('longest wait, at most', ({ longestParkedMs }) => formatKnownMs(longestParkedMs)),
    both('p50', ({ p50Ms }) => formatKnownMs(p50Ms)),
    both('p99', ({ p99Ms }) => formatKnownMs(p99Ms)),
    both('slowest, at most', ({ slowestMs }) => formatKnownMs(slowestMs)),
  ]
}
