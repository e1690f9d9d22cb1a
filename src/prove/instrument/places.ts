// The places of one module, numbered, so that sites tell numbers: a bundle is made of many files, and a line of a minified program holds
// more than one thing.
import type { Place } from './event.ts'

/** As they travel inside the rewritten source: the number of the file, the line, and the column where the line does not tell enough. */
export type PlaceEntry = readonly [file: number, line: number, column?: number]

export class Places {
  readonly #placeAt: (offset: number) => Place
  readonly #numbers = new Map<string, number>()
  readonly #files = new Map<string, number>()
  readonly entries: PlaceEntry[] = []

  constructor(placeAt: (offset: number) => Place) {
    this.#placeAt = placeAt
  }

  get files(): readonly string[] {
    return [...this.#files.keys()]
  }

  /** The number of the place at an offset of the source that runs. */
  at(offset: number): number {
    const { file, line, column } = this.#placeAt(offset)
    const key = `${line}:${column ?? ''}:${file}`
    const known = this.#numbers.get(key)
    if (known !== undefined) return known
    const fileNumber = this.#files.get(file) ?? this.#files.size
    this.#files.set(file, fileNumber)
    this.#numbers.set(key, this.entries.length)
    return this.entries.push(column === undefined ? [fileNumber, line] : [fileNumber, line, column]) - 1
  }
}

export function placeOf(files: readonly string[], [file, line, column]: PlaceEntry): Place {
  const place = { file: files[file] ?? '', line }
  return column === undefined ? place : { ...place, column }
}

/** Whether a place is between two others of one file. */
export function isBetween(place: Place, first: Place, last: Place): boolean {
  return first.file === place.file && !isBefore(place, first) && !isBefore(last, place)
}

function isBefore(one: Place, other: Place): boolean {
  if (one.line !== other.line) return one.line < other.line
  return one.column !== undefined && other.column !== undefined && one.column < other.column
}
