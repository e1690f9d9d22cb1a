// Cells in columns as wide as they need.

/** `leftAligned` says which columns hold words; figures are read by their last digit. */
export function writeGrid(lines: readonly (readonly string[])[], leftAligned: ReadonlySet<number>): string {
  const widths = (lines[0] ?? []).map((_heading, column) =>
    Math.max(...lines.map((cells) => cells[column]?.length ?? 0)),
  )
  return lines
    .map((cells) =>
      cells
        .map((cell, column) => {
          const width = widths[column] ?? 0
          return leftAligned.has(column) ? cell.padEnd(width) : cell.padStart(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
