// Finds how to capture a value that one run of the app gave and another would give differently.
import { parseJson } from '../json.ts'
import { type Answer, captureAll } from '../drive/capture.ts'
import type { Capture } from './flow.ts'

const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** Whether a value looks made by the app for this run: ids, tokens, times. Words, slugs and small numbers do not. */
export function looksMade(value: string): boolean {
  if (uuid.test(value)) return true
  if (!/^[\w.~+/=:-]{8,4096}$/.test(value)) return false
  if (/^\d{8,}$/.test(value) || /^[0-9a-f]{12,}$/i.test(value)) return true
  const mixed = /\d/.test(value) && /[a-z]/i.test(value)
  const isSlug = /^[a-z]+(?:[-_.][a-z]+)*(?:[-_.]?\d{1,4})?$/i.test(value)
  return (mixed && !isSlug && !/\.[a-z]{1,5}$/i.test(value)) || isJumble(value)
}

/** A file's name that the app made up: `3f2a9c81d0b7.png`. */
export function looksMadeName(name: string): boolean {
  return looksMade(name.replace(/\.\w{1,5}$/, ''))
}

/** Upper and lower case in turn, as in base64: at least 16 letters, and often changing. */
function isJumble(value: string): boolean {
  return value.length >= 16 && (value.match(/[a-z][A-Z]|[A-Z][a-z]/g) ?? []).length >= value.length / 4
}

export const idKey: RegExp = /^_?id$|_id$|[a-z]I[dD]$|^(?:uuid|guid|slug|key|token)$/

/** What finds exactly `value` in `answer`; undefined where nothing does. */
export function captureOf(answer: Answer, value: string): Capture | undefined {
  return jsonCapture(answer.text, value) ?? headerCapture(answer, value) ?? markupCapture(answer, value)
}

export interface Leaf {
  /** `items.0.id` */
  readonly path: string
  readonly key: string
  readonly value: string | number
}

/** Texts and numbers of a JSON value, at most so many; keys with dots cannot be said as a path and are left out. */
export function leavesOf(value: unknown, limit = 5_000): readonly Leaf[] {
  const leaves: Leaf[] = []
  const walk = (at: unknown, path: readonly string[]): void => {
    if (leaves.length >= limit || path.length > 12) return
    if (typeof at === 'string' || typeof at === 'number')
      leaves.push({
        path: path.join('.'),
        key: path.findLast((step) => !/^\d+$/.test(step)) ?? '',
        value: at,
      })
    else if (at !== null && typeof at === 'object')
      for (const [key, inner] of Object.entries(at)) if (!key.includes('.')) walk(inner, [...path, key])
  }
  walk(value, [])
  return leaves.filter(({ path }) => path !== '')
}

function jsonCapture(body: string, value: string): Capture | undefined {
  const found = leavesOf(parseJson(body)).filter((leaf) => String(leaf.value) === value)
  const best = found.find(({ key }) => idKey.test(key)) ?? found[0]
  return best === undefined ? undefined : { from: 'json', path: best.path }
}

/** An id of a write's JSON answer, by its key: numbers are too common to be taken from anywhere else. */
export function idCapture(body: string, value: string): Capture | undefined {
  const leaf = leavesOf(parseJson(body)).find(
    ({ key, value: held }) => idKey.test(key) && String(held) === value,
  )
  return leaf === undefined ? undefined : { from: 'json', path: leaf.path }
}

function headerCapture({ headers }: Answer, value: string): Capture | undefined {
  const name = Object.keys(headers).find((key) => key !== 'set-cookie' && headers[key]?.[0] === value)
  return name === undefined ? undefined : { from: 'header', name }
}

function escapePattern(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`)
}

/** In text or HTML: by the name of its input or meta tag, else by what stands before it. */
function markupCapture(answer: Answer, value: string): Capture | undefined {
  const captures = patternsFor(answer.text, value).map((pattern): Capture => ({ from: 'regex', pattern }))
  return captures.find((capture) => captureAll({ value: capture }, answer)['value'] === value)
}

function patternsFor(body: string, value: string): readonly string[] {
  const written = [value, value.replaceAll('&', '&amp;').replaceAll('/', '&#x2F;').replaceAll('=', '&#x3D;')]
  const held = written.find((each) => positionOf(body, each) !== undefined) ?? value
  const at = positionOf(body, held)
  if (at === undefined) return []
  return [...tagPatterns(body, at), ...contextPatterns(body, at, held)]
}

/** Where the value stands alone, not as part of a longer word. */
function positionOf(body: string, value: string): number | undefined {
  const isWord = (letter: string | undefined) => letter !== undefined && /[\w-]/.test(letter)
  for (let at = body.indexOf(value); at >= 0; at = body.indexOf(value, at + 1)) {
    if (!isWord(body[at - 1]) && !isWord(body[at + value.length])) return at
  }
  return undefined
}

function tagPatterns(body: string, at: number): readonly string[] {
  const start = body.lastIndexOf('<', at)
  const tag = /^<(?:input|meta|button)\b[^>]*>/i.exec(body.slice(start, start + 2_000))?.[0]
  if (tag === undefined || start < 0) return []
  const name = /\b(?:name|id|property)\s*=\s*["']?([^"'\s>]+)/i.exec(tag)?.[1]
  if (name === undefined) return []
  const named = `(?:name|id|property)=["']?${escapePattern(name)}["']?`
  const held = `(?:value|content)=["']?([^"'\\s>]+)`
  return [`${named}[^>]*?\\s${held}`, `${held}["']?[^>]*?\\s${named}`]
}

function contextPatterns(body: string, at: number, value: string): readonly string[] {
  const after = body[at + value.length] ?? ''
  const stop = /["'<>\s&?#/;,)]/.test(after)
    ? `"'<>\\s&?#;,)${value.includes('/') ? '' : '/'}`
    : `"'<>\\s${escapePattern(after)}`
  const before = body.slice(Math.max(0, at - 60), at)
  return [6, 10, 16, 24, 40, 60]
    .filter((length) => length <= before.length || length === 6)
    .map((length) => `${escapePattern(before.slice(-length))}([^${stop}]+)`)
}
