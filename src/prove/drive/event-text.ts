// The events in the text of a stream, as it comes in: server-sent events (HTML standard, section 9.2), or lines of JSON.

export class EventText {
  readonly #isLines: boolean
  #rest = ''

  /** `type`: the content type of the answer. */
  constructor(type: string) {
    this.#isLines = !type.includes('event-stream')
  }

  /** Those that are whole by now: each its name, where it has one, a blank, and its data. Comments are none. */
  add(text: string): readonly string[] {
    // A line break may come in two halves.
    const whole = `${this.#rest}${text}`
    const parts = whole.replaceAll(/\r\n|\r(?!$)/g, '\n').split(this.#isLines ? '\n' : /\n{2,}/)
    this.#rest = parts.pop() ?? ''
    return parts.flatMap((part) => (this.#isLines ? lineOf(part) : eventOf(part)))
  }
}

/** Whether an answer of this content type may go on without end. */
export function isStreamType(type: string | undefined): boolean {
  return /event-stream|ndjson|jsonl|json-?lines|stream\+json|json-seq/.test(type ?? '')
}

function lineOf(line: string): readonly string[] {
  const text = line.replaceAll('\u001e', '').trim()
  return text === '' ? [] : [text]
}

function eventOf(block: string): readonly string[] {
  const fields = block.split('\n').flatMap((line) => {
    const [, name = '', value = ''] = /^([^:]+)(?:: ?(.*))?$/.exec(line) ?? []
    return name === '' ? [] : [{ name, value }]
  })
  const data = fields.filter(({ name }) => name === 'data').map(({ value }) => value)
  if (data.length === 0) return []
  const name = fields.findLast((field) => field.name === 'event')?.value ?? ''
  return [`${name === '' || name === 'message' ? '' : `${name} `}${data.join('\n')}`]
}
