// Two texts side by side, line by line: the longest common subsequence, as diff(1) has it.

/** What stands beside each other; undefined: nothing does. */
export interface DiffRow {
  readonly left: string | undefined
  readonly right: string | undefined
  readonly isSame: boolean
}

/** Beyond this the table of the algorithm gets large; what follows is laid side by side as it comes. */
const maxLines = 600

export function diffRows(left: readonly string[], right: readonly string[]): readonly DiffRow[] {
  const [a, b] = [left.slice(0, maxLines), right.slice(0, maxLines)]
  const rows: DiffRow[] = []
  const pending: { left: string[]; right: string[] } = { left: [], right: [] }
  const flush = () => {
    rows.push(...beside(pending.left, pending.right))
    pending.left = []
    pending.right = []
  }
  const lengths = commonLengths(a, b)
  let [i, j] = [0, 0]
  while (i < a.length || j < b.length) {
    const [one, two] = [a[i], b[j]]
    if (one !== undefined && one === two) {
      flush()
      rows.push({ left: one, right: two, isSame: true })
      i += 1
      j += 1
    } else if (two === undefined || (one !== undefined && at(lengths, i + 1, j) >= at(lengths, i, j + 1))) {
      pending.left.push(one ?? '')
      i += 1
    } else {
      pending.right.push(two)
      j += 1
    }
  }
  flush()
  return [...rows, ...beside(left.slice(maxLines), right.slice(maxLines))]
}

function beside(left: readonly string[], right: readonly string[]): DiffRow[] {
  return Array.from({ length: Math.max(left.length, right.length) }, (_, index) => {
    const [one, two] = [left[index], right[index]]
    return { left: one, right: two, isSame: one === two }
  })
}

/** How long the longest common subsequence of what follows (i, j) is. */
function commonLengths(a: readonly string[], b: readonly string[]): readonly Uint16Array[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint16Array(b.length + 1))
  for (let i = a.length - 1; i >= 0; i -= 1) {
    const row = table[i]
    if (row === undefined) continue
    for (let j = b.length - 1; j >= 0; j -= 1)
      row[j] =
        a[i] === b[j] ? at(table, i + 1, j + 1) + 1 : Math.max(at(table, i + 1, j), at(table, i, j + 1))
  }
  return table
}

function at(table: readonly Uint16Array[], i: number, j: number): number {
  return table[i]?.[j] ?? 0
}

/** Fewer equal rows than these are not worth leaving out. */
const worthFolding = 3

/** Rows that matter, with `around` equal ones about them; a number stands for so many equal rows that were left out. */
export function folded(rows: readonly DiffRow[], around: number): readonly (DiffRow | number)[] {
  const out: (DiffRow | number)[] = []
  let hidden: DiffRow[] = []
  const flush = () => {
    if (hidden.length >= worthFolding) out.push(hidden.length)
    else out.push(...hidden)
    hidden = []
  }
  for (const [index, row] of rows.entries()) {
    const near = rows.slice(Math.max(0, index - around), index + around + 1)
    if (near.every(({ isSame }) => isSame)) hidden.push(row)
    else {
      flush()
      out.push(row)
    }
  }
  flush()
  return out
}
