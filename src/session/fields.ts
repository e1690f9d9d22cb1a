// A session's data as JSON text per top-level field: read, written, and compared to find what changed.
import { DroverError } from '../base/errors.ts'
import { defineLazily, unreadText } from './lazy-data.ts'
import { strayIn } from './plain-json.ts'

/** Field name to JSON text, as a store keeps it. */
export type FieldTexts = ReadonlyMap<string, string>

/**
 * The data of stored fields, in the shape that the app claims. The object has no prototype: a field named `__proto__` or `constructor` is a field like any
 * other, and assigning one cannot change what the object inherits.
 * Reading a field that is not JSON throws STORE_UNAVAILABLE: damage in a store is not a logout (R3).
 */
export function readFields<Data extends object>(texts: FieldTexts, data: Data = Object.create(null)): Data {
  defineLazily(data, texts, readField)
  return data
}

function readField(name: string, text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new DroverError(
      'STORE_UNAVAILABLE',
      `Cannot read session field ${JSON.stringify(name)}: the stored text is not JSON`,
      { cause },
    )
  }
}

/**
 * The fields as text; `undefined` means there is no such field. A field never read is as it was. A text equal to the
 * saved one was faithful when it was saved, so only new texts are looked at closely.
 * Throws SESSION_VALUE_INVALID, naming the field, for a value that would not come back as it went.
 */
export function writeFields(data: object, saved: FieldTexts): FieldTexts {
  const texts = new Map<string, string>()
  for (const name of Object.keys(data)) {
    const text = unreadText(data, name) ?? writeField(name, Reflect.get(data, name), saved.get(name))
    if (text !== undefined) texts.set(name, text)
  }
  return texts
}

/** Whether the data differs from what was saved; true also for data that cannot be written. Stops at the first change. */
export function isChanged(data: object, saved: FieldTexts): boolean {
  let same = 0
  for (const name of Object.keys(data)) {
    if (unreadText(data, name) === undefined) {
      const value: unknown = Reflect.get(data, name)
      if (value === undefined) continue
      const text = tryText(value)
      if (text === undefined || text !== saved.get(name)) return true
    }
    same += 1
  }
  return same !== saved.size
}

/** Half a surrogate pair has no UTF-8: a store would keep two such names as one. */
function checkName(name: string): void {
  if (name.isWellFormed()) return
  throw new DroverError(
    'SESSION_VALUE_INVALID',
    `Cannot keep session field ${JSON.stringify(name)}: wanted a name of whole Unicode characters`,
  )
}

function writeField(name: string, value: unknown, savedText: string | undefined): string | undefined {
  if (value === undefined) return undefined
  const text = tryText(value)
  if (text !== undefined && text === savedText) return text
  checkName(name)
  const stray = strayIn(value)
  if (stray === undefined && text !== undefined) return text
  throw new DroverError(
    'SESSION_VALUE_INVALID',
    `Cannot keep session field ${JSON.stringify(name)}: wanted plain JSON, got ${stray ?? 'a value JSON cannot write'}`,
  )
}

/** JSON.stringify throws for circles and bigints; `strayIn` then says where. */
function tryText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value)
  } catch {
    return undefined
  }
}

/** One value as text; undefined means that there is no such field. Throws as `writeFields` does. */
export function fieldText(name: string, value: unknown): string | undefined {
  return writeField(name, value, undefined)
}

/** Throws SESSION_TOO_LARGE when names and texts together exceed `maxBytes` of UTF-8. */
export function checkSize(texts: FieldTexts, maxBytes: number): void {
  let bytes = 0
  for (const [name, text] of texts) bytes += Buffer.byteLength(name) + Buffer.byteLength(text)
  if (bytes <= maxBytes) return
  const largest = [...texts].reduce(
    (most, field) => (field[1].length > most[1].length ? field : most),
    ['', ''],
  )
  throw new DroverError(
    'SESSION_TOO_LARGE',
    `Cannot keep session of ${bytes} bytes: wanted at most ${maxBytes}, and the largest field is ` +
      `${JSON.stringify(largest[0])}; keep large things elsewhere and their id here`,
  )
}
