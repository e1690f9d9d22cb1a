// Text from elsewhere, made harmless for a terminal: what an app answers may hold escape sequences, and so may its source.

/** Controls, and what turns the direction of text or cannot be seen (Unicode bidirectional controls, zero width characters, halves of pairs). */
const unprintable = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu

/** On one line, with blanks for breaks and `\u{1b}` for what would not print. */
export function plain(text: string): string {
  return text.replaceAll(/[\t\r\n ]+/g, ' ').replaceAll(unprintable, escaped)
}

/** As `plain`, but keeps blanks: for a line of source. */
export function plainLine(line: string): string {
  return line.replaceAll('\t', '  ').replaceAll(unprintable, escaped)
}

/** The first `width` characters, an ellipsis among them where there are more. */
export function shorten(text: string, width: number): string {
  const characters = Array.from(text)
  return characters.length <= width ? text : `${characters.slice(0, width - 1).join('')}…`
}

function escaped(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}
