// A sentence with names in it, that each report sets in its own way: code between backticks, or as <code>.
import { plain, shorten } from './plain.ts'

export type Piece = string | { readonly code: string }
export type Phrase = readonly Piece[]

/** A name of the app may be a whole query, or a data URL. */
const nameWidth = 60

export function code(text: string): Piece {
  return { code: shorten(plain(text), nameWidth) }
}

/** On one line, safe for a terminal. */
export function asText(phrase: Phrase): string {
  return phrase.map((piece) => (typeof piece === 'string' ? plain(piece) : `\`${piece.code}\``)).join('')
}
