// Breaks text into lines that a person reads with ease.

const readableWidth = 100

/** Lines of at most `width` characters, where words allow it, each `indent` blanks in. */
export function wrapped(text: string, indent: number, width: number = readableWidth): readonly string[] {
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && indent + line.length + 1 + word.length > width) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].map((one) => ' '.repeat(indent) + one)
}
