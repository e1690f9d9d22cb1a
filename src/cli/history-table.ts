// Shows the history of versions to a person.
import type { HistoryEntry } from '../control/deploying.ts'
import { formatAge } from './age.ts'
import type { Printer, Style } from './printer.ts'
import { formatTable, type Column } from './table.ts'

const columns: readonly Column[] = [
  { title: 'NUMBER', align: 'right' },
  { title: 'VERSION', align: 'left' },
  { title: 'OUTCOME', align: 'left' },
  { title: 'STARTED', align: 'right' },
  { title: 'TOOK', align: 'right' },
  { title: 'COMMAND', align: 'left' },
  { title: 'WHY', align: 'left' },
]

const styles: Readonly<Record<HistoryEntry['outcome'], Style>> = {
  running: 'yellow',
  done: 'dim',
  failed: 'red',
  aborted: 'yellow',
  interrupted: 'red',
}

/** Oldest first; the version that runs stands out. `nowMs` by the wall clock. */
export function historyLines(
  entries: readonly HistoryEntry[],
  nowMs: number,
  printer: Pick<Printer, 'paint'>,
): string[] {
  const [titles = '', ...rows] = formatTable(
    columns,
    entries.map((entry) => cells(entry, nowMs)),
  )
  const painted = rows.map((row, index) => {
    const entry = entries[index]
    if (entry === undefined) return row
    if (entry.isCurrent) return printer.paint('green', row)
    return row.replace(` ${entry.outcome}`, ` ${printer.paint(styles[entry.outcome], entry.outcome)}`)
  })
  return [printer.paint('dim', titles), ...painted]
}

function cells(entry: HistoryEntry, nowMs: number): string[] {
  const { startedAtMs, endedAtMs, outcome, isCurrent } = entry
  return [
    String(entry.number),
    entry.version,
    isCurrent && outcome === 'done' ? 'runs' : outcome,
    `${formatAge(nowMs - startedAtMs)} ago`,
    endedAtMs === null ? '-' : formatAge(endedAtMs - startedAtMs),
    oneLine(entry.command.join(' ')),
    oneLine(entry.reason ?? ''),
  ]
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ')
}
