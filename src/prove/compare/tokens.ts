// Text as words, and where two texts differ in them.

export interface Token {
  readonly text: string
  /** Offsets into the text they came from. */
  readonly start: number
  readonly end: number
}

/** A run of letters and of what encodings such as base64 and addresses are made of is one; any other visible character is one by itself. */
const tokenPattern = /[\p{L}\p{N}_\-+/=.~%$*!@‹›]+|\S/gu

export function tokensOf(text: string): readonly Token[] {
  return Array.from(text.matchAll(tokenPattern), ({ 0: token, index }) => ({
    text: token,
    start: index,
    end: index + token.length,
  }))
}

/** The same for a value as it is and as it stands in an address. */
export function plain(token: string): string {
  if (!token.includes('%')) return token
  try {
    return decodeURIComponent(token)
  } catch {
    return token
  }
}

/** Tokens `from` to below `to` of one text stand where those of the other do. One of both may be empty. */
export interface Hunk {
  readonly from: number
  readonly to: number
  readonly otherFrom: number
  readonly otherTo: number
}

/** More edits than this, and what differs is one hunk: the texts have little in common. */
const editsAtMost = 800

/** The places in which two texts differ, by the shortest edit script (Myers 1986). */
export function hunksOf(one: readonly Token[], other: readonly Token[]): readonly Hunk[] {
  let head = 0
  while (head < one.length && head < other.length && same(one, other, head, head)) head += 1
  let tail = 0
  const room = Math.min(one.length, other.length) - head
  while (tail < room && same(one, other, one.length - 1 - tail, other.length - 1 - tail)) tail += 1
  const left = one.slice(head, one.length - tail)
  const right = other.slice(head, other.length - tail)
  if (left.length === 0 && right.length === 0) return []
  return editHunks(left, right).map(({ from, to, otherFrom, otherTo }) => ({
    from: from + head,
    to: to + head,
    otherFrom: otherFrom + head,
    otherTo: otherTo + head,
  }))
}

function same(one: readonly Token[], other: readonly Token[], at: number, otherAt: number): boolean {
  return one[at]?.text === other[otherAt]?.text
}

function editHunks(one: readonly Token[], other: readonly Token[]): readonly Hunk[] {
  const whole = [{ from: 0, to: one.length, otherFrom: 0, otherTo: other.length }]
  if (one.length === 0 || other.length === 0) return whole
  const furthest = furthestReaching(one, other)
  return furthest === undefined ? whole : walkBack(one.length, other.length, furthest)
}

/** For each number of edits, how far along `one` each diagonal came before it. */
function furthestReaching(
  one: readonly Token[],
  other: readonly Token[],
): readonly ReadonlyMap<number, number>[] | undefined {
  let reached = new Map<number, number>([[1, 0]])
  const history: ReadonlyMap<number, number>[] = []
  for (let edits = 0; edits <= Math.min(editsAtMost, one.length + other.length); edits += 1) {
    history.push(reached)
    const next = new Map(reached)
    for (let diagonal = -edits; diagonal <= edits; diagonal += 2) {
      let x = comesFromAbove(reached, diagonal, edits)
        ? (reached.get(diagonal + 1) ?? 0)
        : (reached.get(diagonal - 1) ?? 0) + 1
      while (x < one.length && x - diagonal < other.length && same(one, other, x, x - diagonal)) x += 1
      next.set(diagonal, x)
      if (x >= one.length && x - diagonal >= other.length) return history
    }
    reached = next
  }
  return undefined
}

function comesFromAbove(reached: ReadonlyMap<number, number>, diagonal: number, edits: number): boolean {
  if (diagonal === -edits) return true
  if (diagonal === edits) return false
  return (reached.get(diagonal - 1) ?? -1) < (reached.get(diagonal + 1) ?? -1)
}

function walkBack(
  length: number,
  otherLength: number,
  history: readonly ReadonlyMap<number, number>[],
): readonly Hunk[] {
  const hunks: Hunk[] = []
  let x = length
  let y = otherLength
  let open: { from: number; to: number; otherFrom: number; otherTo: number } | undefined
  for (let edits = history.length - 1; edits > 0; edits -= 1) {
    const reached = history[edits] ?? new Map<number, number>()
    const before = comesFromAbove(reached, x - y, edits) ? x - y + 1 : x - y - 1
    const fromX = reached.get(before) ?? 0
    const fromY = fromX - before
    const [editX, editY] = before > x - y ? [fromX, fromY + 1] : [fromX + 1, fromY]
    if (open?.from === editX && open.otherFrom === editY) {
      open.from = fromX
      open.otherFrom = fromY
    } else {
      open = { from: fromX, to: editX, otherFrom: fromY, otherTo: editY }
      hunks.push(open)
    }
    x = fromX
    y = fromY
  }
  return hunks.toReversed()
}
