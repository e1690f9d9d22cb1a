// Rows as a table for people.
import { lowerIsBetter, type Row } from './row.ts'

const headings = ['what', 'peer', 'Drover', 'peer’s', 'ratio', 'unit', 'better is', 'target'] as const
/** Figures are read by their last digit. */
const rightAligned: ReadonlySet<number> = new Set([2, 3, 4])

export function writeTable(rows: readonly Row[]): string {
  const lines = [headings, ...rows.map(cellsOf)]
  const widths = headings.map((_heading, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  )
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => pad(cell, widths[column] ?? 0, rightAligned.has(column)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function cellsOf(row: Row): string[] {
  const { what, peerName, ours, peer, ratio, unit } = row
  return [
    what,
    peerName,
    figure(ours),
    figure(peer),
    `${ratio.toFixed(2)}×`,
    unit,
    lowerIsBetter(unit) ? 'below 1' : 'above 1',
    verdict(row),
  ]
}

function verdict({ ratio, unit, target }: Row): string {
  if (target === undefined) return ''
  const isLower = lowerIsBetter(unit)
  const isMet = isLower ? ratio <= target : ratio >= target
  return `${isLower ? '≤' : '≥'} ${target.toFixed(2)}× ${isMet ? 'met' : 'missed'}`
}

function figure(value: number): string {
  if (value >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(value >= 1 ? 1 : 2)
}

function pad(cell: string, width: number, right: boolean): string {
  return right ? cell.padStart(width) : cell.padEnd(width)
}
