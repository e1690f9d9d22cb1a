// Insertions into a source text. None holds a line break, so that every line keeps its number.

interface Insertion {
  readonly at: number
  /** Insertions at one offset stand in the order of rank, then in the order in which they were made. */
  readonly rank: number
  readonly text: string
}

export class Edits {
  readonly #insertions: Insertion[] = []

  insert(at: number, text: string, rank = 1): void {
    this.#insertions.push({ at, rank, text })
  }

  get isEmpty(): boolean {
    return this.#insertions.length === 0
  }

  /** Whether something was inserted right at an offset. */
  has(at: number): boolean {
    return this.#insertions.some((insertion) => insertion.at === at)
  }

  apply(source: string): string {
    const sorted = this.#insertions.toSorted((a, b) => a.at - b.at || a.rank - b.rank)
    let result = ''
    let from = 0
    for (const { at, text } of sorted) {
      result += source.slice(from, at) + text
      from = at
    }
    return result + source.slice(from)
  }
}
