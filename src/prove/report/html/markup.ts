// HTML that cannot be forgotten to be escaped: whatever is put into a template is text, unless a template made it.
import type { Phrase } from '../phrase.ts'
import { plainLine } from '../plain.ts'

export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

export type Content = string | number | Markup | undefined | readonly Content[]

/** Text is escaped for content and for quoted attributes alike, controls of direction and the like are spelt out. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Markup {
  const texts = parts.map((part, index) => (index === 0 ? part : rendered(contents[index - 1]) + part))
  return new Markup(texts.join(''))
}

export function escapeHtml(text: string): string {
  return text
    .split('\n')
    .map((line) => plainLine(line))
    .join('\n')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;')
}

/** A sentence, its names as <code>. */
export function phraseMarkup(phrase: Phrase): readonly Markup[] {
  return phrase.map((piece) =>
    typeof piece === 'string' ? html`${piece}` : html`<code>${piece.code}</code>`,
  )
}

function rendered(content: Content): string {
  if (content === undefined) return ''
  if (content instanceof Markup) return content.text
  if (typeof content === 'string' || typeof content === 'number') return escapeHtml(String(content))
  return content.map(rendered).join('')
}
