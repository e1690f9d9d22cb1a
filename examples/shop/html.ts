// HTML that escapes whatever is put into it: html`<p>${anything}</p>`.

/** Text that is HTML already and is not escaped again. Only `html` and `trusted` make it. */
export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

/** What may stand in a template. `undefined` and `false` leave nothing behind. */
export type Content = Html | string | number | undefined | false | readonly Content[]

/** Escapes every value but Html; safe in text and in quoted attributes. */
export function html(parts: TemplateStringsArray, ...values: readonly Content[]): Html {
  const pieces = parts.map((part, index) => part + textOf(values[index]))
  return new Html(pieces.join(''))
}

/** Marks text of our own files, such as a drawing, as HTML. Never for anything a visitor can write. */
export function trusted(text: string): Html {
  return new Html(text)
}

function textOf(content: Content): string {
  if (content === undefined || content === false) return ''
  if (content instanceof Html) return content.text
  if (typeof content === 'object') return content.map((one) => textOf(one)).join('')
  return String(content).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)
}
