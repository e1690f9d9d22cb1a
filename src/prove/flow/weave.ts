// Ties requests that were once made to what the app answered before them: a token or an id that an answer gave and a later request
// needs becomes a capture and its variable.
import type { Answer } from '../drive/capture.ts'
import { captureOf, idCapture, idKey, looksMade, looksMadeName } from './capturing.ts'
import type { Capture, HttpStep, StepBody } from './flow.ts'

/** A request that was made, and its answer. */
export interface Exchange {
  readonly step: HttpStep
  readonly answer: Answer & { readonly status: number }
}

/** Steps in the order of the exchanges, with captures of what later ones need. */
export function weave(exchanges: readonly Exchange[]): readonly HttpStep[] {
  const weaver = new Weaver(exchanges)
  return exchanges.map((_, index) => weaver.tie(index)).map((step, index) => weaver.withCaptures(step, index))
}

class Weaver {
  readonly #exchanges: readonly Exchange[]
  readonly #captures: Record<string, Capture>[]
  /** Variables by the value they stand for. */
  readonly #names = new Map<string, string>()

  constructor(exchanges: readonly Exchange[]) {
    this.#exchanges = exchanges
    this.#captures = exchanges.map(({ step }) => ({ ...step.capture }))
  }

  withCaptures(step: HttpStep, index: number): HttpStep {
    return { ...step, capture: this.#captures[index] ?? {} }
  }

  tie(index: number): HttpStep {
    const exchange = this.#exchanges[index]
    if (exchange === undefined) throw new RangeError(`There is no exchange ${index}`)
    const { step } = exchange
    const replace = (value: string, isId: boolean) => this.#variable(value, isId, index) ?? value
    const path = this.#tiedPath(step, index, replace)
    const headers = Object.fromEntries(
      Object.entries(step.headers).map(([name, value]) => [name, tiedHeader(value, replace)]),
    )
    return { ...step, path, headers, body: tiedBody(step.body, replace) }
  }

  #tiedPath(step: HttpStep, index: number, replace: Replace): string {
    const path = tiedPath(step.path, replace)
    if (path !== step.path || !/\d|[\w-]{8}/.test(step.path)) return path
    return this.#location(step, index) ?? path
  }

  /** After a write that redirected, the address it named may hold an id that stands nowhere else. */
  #location(step: HttpStep, index: number): string | undefined {
    const before = this.#exchanges[index - 1]
    if (before === undefined || before.step.method === 'GET' || before.answer.status < 300) return undefined
    const held = before.answer.headers['location']?.[0]
    if (held === undefined || before.step.client !== step.client) return undefined
    const target = URL.parse(held, `http://app${before.step.path}`)
    const isAbsolute = /^(?:https?:\/\/|\/)/i.test(held)
    if (!isAbsolute || target === null || target.pathname + target.search !== step.path) return undefined
    return this.#reference(
      index - 1,
      'location',
      { from: 'header', name: 'location' },
      `location of ${index}`,
    )
  }

  /** `${name}` of what stands for the value; undefined where it is the request's own. */
  #variable(value: string, isId: boolean, index: number): string | undefined {
    const known = this.#names.get(value)
    if (known !== undefined) return `\${${known}}`
    const isNumber = /^\d{1,7}$/.test(value)
    if (!(isNumber && isId) && !looksMade(value) && !looksMadeName(value)) return undefined
    for (const [at, { step, answer }] of this.#exchanges.slice(0, index).entries()) {
      // Small numbers are everywhere: only the id that a write was answered counts.
      const isWrite = step.method !== 'GET' && step.method !== 'HEAD'
      const capture = isNumber
        ? isWrite
          ? idCapture(answer.text, value)
          : undefined
        : captureOf(answer, value)
      if (capture !== undefined) return this.#reference(at, nameOf(capture), capture, value)
    }
    return undefined
  }

  #reference(at: number, wanted: string, capture: Capture, value: string): string {
    const taken = new Set(this.#names.values())
    const free = (name: string) => !taken.has(name)
    const numbered = Array.from({ length: taken.size + 1 }, (_, count) => `${wanted}${count + 2}`)
    const name = [wanted, ...numbered].find(free) ?? wanted
    this.#names.set(value, name)
    const captures = this.#captures[at]
    if (captures !== undefined) captures[name] = capture
    return `\${${name}}`
  }
}

type Replace = (value: string, isId: boolean) => string

/** A name that says what it holds: `id`, `token`, `csrf`. */
function nameOf(capture: Capture): string {
  if (capture.from === 'header') return word(capture.name)
  if (capture.from === 'json')
    return word(capture.path.split('.').findLast((part) => !/^\d+$/.test(part)) ?? 'value')
  const named = /\(\?:name\|id\|property\)=\["']\?([\w\\.-]+)/.exec(capture.pattern)?.[1]
  return word(named ?? 'value')
}

function word(text: string): string {
  const plain = text.replaceAll(/[^A-Za-z0-9]+/g, '_').replaceAll(/^_+|_+$/g, '')
  return /^[A-Za-z]/.test(plain) ? plain : 'value'
}

function tiedPath(path: string, replace: Replace): string {
  const [before, query] = splitOnce(path, '?')
  const segments = before.split('/').map((segment) => tiedPiece(segment, true, replace))
  if (query === undefined) return segments.join('/')
  const pairs = query.split('&').map((pair) => {
    const [name, value] = splitOnce(pair, '=')
    return value === undefined ? name : `${name}=${tiedPiece(value, idKey.test(name), replace)}`
  })
  return `${segments.join('/')}?${pairs.join('&')}`
}

function splitOnce(text: string, mark: string): readonly [string, string?] {
  const at = text.indexOf(mark)
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + mark.length)]
}

function tiedPiece(piece: string, isId: boolean, replace: Replace): string {
  let value: string
  try {
    value = decodeURIComponent(piece)
  } catch {
    return piece
  }
  const tied = replace(value, isId)
  return tied === value ? piece : tied
}

/** `Bearer abc`: each word by itself. */
function tiedHeader(value: string, replace: Replace): string {
  return value
    .split(/([\s;,]+)/)
    .map((piece) => replace(piece, false))
    .join('')
}

function tiedBody(body: StepBody | undefined, replace: Replace): StepBody | undefined {
  if (body === undefined) return undefined
  if (body.kind === 'form') {
    const fields = Object.entries(body.fields).map(([name, value]) => [
      name,
      replace(value, idKey.test(name)),
    ])
    return { kind: 'form', fields: Object.fromEntries(fields) }
  }
  if (body.kind === 'multipart') {
    const parts = body.parts.map((part) =>
      part.encoding === undefined ? { ...part, value: replace(part.value, idKey.test(part.name)) } : part,
    )
    return { kind: 'multipart', parts }
  }
  return body.kind === 'json' ? tiedJson(body.value, replace) : tiedText(body, replace)
}

/** A number that becomes a variable can only be said in the body's text: as JSON it would be sent as a string. */
const bare = '\u{e000}'

function tiedJson(value: unknown, replace: Replace): StepBody {
  let hasBare = false
  const walk = (at: unknown, key: string): unknown => {
    if (typeof at === 'string') return replace(at, idKey.test(key))
    if (typeof at === 'number' && idKey.test(key)) {
      const tied = replace(String(at), true)
      if (tied === String(at)) return at
      hasBare = true
      return `${bare}${tied}${bare}`
    }
    if (Array.isArray(at)) return at.map((item) => walk(item, key))
    if (at === null || typeof at !== 'object') return at
    return Object.fromEntries(Object.entries(at).map(([name, inner]) => [name, walk(inner, name)]))
  }
  const tied = walk(value, '')
  if (!hasBare) return { kind: 'json', value: tied }
  const text = JSON.stringify(tied).replaceAll(`"${bare}`, '').replaceAll(`${bare}"`, '')
  return { kind: 'text', text, type: 'application/json' }
}

/** Words of a text that look made, such as the id of Engine.IO in its own little format. */
function tiedText(body: Extract<StepBody, { readonly kind: 'text' }>, replace: Replace): StepBody {
  if (body.text.length > 100_000) return body
  const text = body.text.replaceAll(/[\w.~+/:-]{8,}={0,2}/g, (written) => replace(written, false))
  return { kind: 'text', text, type: body.type }
}
