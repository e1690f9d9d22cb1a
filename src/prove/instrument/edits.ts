// Insertions into a source text. None holds a line break, so that every line keeps its number.

interface Insertion {
  readonly at: number
  /** Insertions at one offset stand in the order of rank, then in the order in which they were made. */
  readonly rank: number
  readonly text: string
}

export class Edits {
  readonly #insertions: Insertion[] = []
  readonly #offsets = new Set<number>()

  insert(at: number, text: string, rank = 1): void {
    this.#insertions.push({ at, rank, text })
    this.#offsets.add(at)
  }

  get isEmpty(): boolean {
    return this.#insertions.length === 0
  }

  /** Whether something was inserted right at an offset. */
  has(at: number): boolean {
    return this.#offsets.has(at)
  }

  apply(source: string): Edited {
    const sorted = this.#insertions.toSorted((a, b) => a.at - b.at || a.rank - b.rank)
    let text = ''
    let from = 0
    for (const insertion of sorted) {
      text += source.slice(from, insertion.at) + insertion.text
      from = insertion.at
    }
    return { text: text + source.slice(from), unshifted: unshifting(sorted, source) }
  }
}

export interface Edited {
  readonly text: string
  /** The offset in the source of a place in the edited text; line and column from 1. */
  readonly unshifted: (line: number, column: number) => number
}

function unshifting(sorted: readonly Insertion[], source: string): Edited['unshifted'] {
  let starts: readonly number[] | undefined
  return (line, column) => {
    starts ??= [0, ...Array.from(source.matchAll(/\n/g), ({ index }) => index + 1)]
    const lineStart = starts[line - 1] ?? 0
    let left = column - 1
    let at = lineStart
    for (const insertion of sorted) {
      if (insertion.at < lineStart) continue
      if (insertion.at - at > left) break
      left = Math.max(0, left - (insertion.at - at) - insertion.text.length)
      at = insertion.at
    }
    return at + left
  }
}
