// What a build leaves of a piece of source when it shortens names: members, texts, and what is made.

/** In UTF-16 units: as much as a finding tells of a line of a minified program. */
const span = 300
const most = 12
const least = 3
const mark = /(?<!\.)\.([A-Za-z]\w+)|(["'`])([^"'`\n$]{2,40})\2|\bnew (\w+)/g

/** Of what begins at an offset, in their order. */
export function marksOf(source: string, offset = 0): readonly string[] {
  const found = source.slice(offset, offset + 2 * span).matchAll(mark)
  return [...found].map(([, member, , words, made]) => member ?? words ?? `new ${made}`).slice(0, most)
}

/** From 0 to 1: how much of the shorter row stands in the other, in the same order; 0 where there is too little to tell. */
export function likeness(one: readonly string[], other: readonly string[]): number {
  const length = Math.min(one.length, other.length)
  return length < least ? 0 : inBoth(one.slice(0, length), other.slice(0, length)) / length
}

/** The length of the longest row of marks that stands in both. */
function inBoth(one: readonly string[], other: readonly string[]): number {
  let row = other.map(() => 0)
  for (const each of one) {
    const next: number[] = []
    for (const [at, against] of other.entries())
      next.push(each === against ? (row[at - 1] ?? 0) + 1 : Math.max(row[at] ?? 0, next[at - 1] ?? 0))
    row = next
  }
  return row.at(-1) ?? 0
}
