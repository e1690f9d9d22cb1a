// Guesses what a JSON API wants to be sent.
import { isMapping, type Mapping } from '../../base/mapping.ts'
import { looksMade } from '../flow/capturing.ts'
import { numeric, type Person, textFor } from '../flow/made-values.ts'

const madeByApp =
  /^_?id$|^_?v$|^__v$|^uuid$|_id$|(?:created|updated|deleted|modified)|^(?:timestamp|links?|_links|href|url|self|owner|user|author)$/i
const truth =
  /^(?:is|has|can)[A-Z_]|^(?:done|completed?|active|enabled|public|published|checked|finished|available|agree|terms)$/

/** Takes nearly every handler that only looks at what it knows. */
const anything = [
  'name',
  'title',
  'text',
  'content',
  'message',
  'body',
  'description',
  'value',
  'username',
  'email',
  'author',
  'price',
  'quantity',
]

/** Like an item that the collection has, without what the app itself makes. */
export function bodyLike(sample: Mapping, who: Person): Mapping {
  const own = Object.entries(sample).filter(([key, value]) => !madeByApp.test(key) && !isMade(value))
  return Object.fromEntries(own.map(([key, value]) => [key, likeValue(key, value, who)]))
}

function isMade(value: unknown): boolean {
  return typeof value === 'string' && (looksMade(value) || /^\d{4}-\d\d-\d\dT/.test(value))
}

function likeValue(key: string, value: unknown, who: Person): unknown {
  if (typeof value === 'string') return textFor(key, who)
  return typeof value === 'number' ? 7 : value
}

export function bodyOfKeys(
  keys: readonly string[],
  who: Person,
  ids: ReadonlyMap<string, string | number>,
): Mapping {
  return Object.fromEntries(keys.map((key) => [key, valueFor(key, who, ids)]))
}

function valueFor(key: string, who: Person, ids: ReadonlyMap<string, string | number>): unknown {
  const told = ids.get(`=${key.toLowerCase()}`)
  if (told !== undefined && /code|otp|token|^sid$|key|_?id$/i.test(key)) return told
  const of = /^(\w+?)_?[iI]ds?$/.exec(key)?.[1]?.toLowerCase()
  if (of !== undefined) return ids.get(of) ?? [...ids].find(([name]) => !name.startsWith('='))?.[1] ?? 1
  if (truth.test(key)) return false
  if (/^(?:tags|items|labels|categories|ingredients)$/.test(key)) return []
  return numeric.test(key) ? 7 : textFor(key, who)
}

export function anyBody(who: Person): Mapping {
  return bodyOfKeys(anything, who, new Map())
}

/** Names that a refusal says are missing: `"title" is required`, `dueDate must be a string`. */
export function missingKeys(refusal: string): readonly string[] {
  const words = [
    ...refusal.matchAll(
      /["'`\\]*\b([A-Za-z_]\w{1,30})\b["'`\\]*\s+(?:is|are|field is|must|should|cannot|can't|needs?)\b/g,
    ),
    ...refusal.matchAll(
      /(?:missing|required?|provide|need|property)[^\w]{1,4}(?:an? |the |field |property |properties )?["'`\\]*([A-Za-z_]\w{1,30})/gi,
    ),
    ...refusal.matchAll(/"(?:path|field|param|property)":\s*\[?\s*"([A-Za-z_]\w{1,30})"/g),
    ...refusal.matchAll(/\b([A-Za-z_]\w{1,30}),?\s+and\s+([A-Za-z_]\w{1,30})\b/g),
  ]
  const names = words.flatMap(([, first, second]) => [first, second]).filter((name) => name !== undefined)
  return [
    ...new Set(
      names.filter(
        (name) =>
          !/^(?:this|that|it|field|value|error|message|body|request|and|or|please|invalid|required|fields?|the|a|an|is|must|be|not)$/i.test(
            name,
          ) || name === 'message',
      ),
    ),
  ]
}

/** The objects of an answer: itself a list, or a list or an object in it. */
export function itemsOf(json: unknown): readonly Mapping[] {
  if (Array.isArray(json)) return json.filter(isMapping)
  if (!isMapping(json)) return []
  const lists = Object.values(json).filter((value): value is readonly unknown[] => Array.isArray(value))
  return lists.flatMap((list) => list.filter(isMapping))
}

const idNames = ['id', '_id', 'uuid', 'key', 'slug', 'code', 'sku']

/** Of an answer to a write, or of an item; in what it wraps, too: `{ todo: { id } }`. */
export function idIn(json: unknown): string | number | undefined {
  if (!isMapping(json)) return undefined
  for (const holder of [json, ...Object.values(json).filter(isMapping)]) {
    for (const name of [...idNames, ...Object.keys(holder).filter((key) => /[a-z]Id$/.test(key))]) {
      const id = holder[name]
      if (typeof id === 'string' || typeof id === 'number') return id
    }
  }
  return undefined
}

/** Of a login's answer. */
export function tokenIn(json: unknown): string | undefined {
  if (!isMapping(json)) return undefined
  for (const holder of [json, ...Object.values(json).filter(isMapping)]) {
    const key = Object.keys(holder).find((name) => /^(?:access|auth|id|api)?_?-?(?:token|jwt)$/i.test(name))
    const token = key === undefined ? undefined : holder[key]
    if (typeof token === 'string' && token.length >= 8) return token
  }
  return undefined
}
