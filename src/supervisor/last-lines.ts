// The last lines of an output, to be shown when whoever wrote them has died.

/** Enough for the message of an error and the stack that it comes with. */
const most = 20

export class LastLines {
  readonly #lines: string[] = []

  add(line: string): void {
    this.#lines.push(line)
    if (this.#lines.length > most) this.#lines.shift()
  }

  get all(): readonly string[] {
    return [...this.#lines]
  }
}
