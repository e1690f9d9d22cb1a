export interface Book {
  readonly isbn: string
  readonly title: string
}

export class Library {
  readonly #books = new Map<string, Book>() // state:declared
  #lent: string[] = [] // state:declared

  add(book: Book): void {
    this.#books.set(book.isbn, book) // state:written
  }

  lend(isbn: string): boolean {
    if (!this.#books.has(isbn) || this.#lent.includes(isbn)) return false
    this.#lent = [...this.#lent, isbn] // state:written
    return true
  }

  list(): readonly (Book & { readonly lent: boolean })[] {
    return [...this.#books.values()].map((book) => ({ ...book, lent: this.#lent.includes(book.isbn) }))
  }
}
