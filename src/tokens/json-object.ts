// Strict JSON for what strangers send: one object, in UTF-8, no member twice.
import { isUtf8 } from 'node:buffer'

/** Any JSON object. */
export type JsonObject = Readonly<Record<string, unknown>>

/**
 * The object that these bytes are, or undefined for anything else. A member named twice, at whatever depth, is anything else: two
 * readers that take different ones of them would see two tokens (RFC 7515 section 4, RFC 7519 section 4).
 */
export function readJsonObject(bytes: Buffer): JsonObject | undefined {
  if (!isUtf8(bytes)) return undefined
  const text = bytes.toString('utf8')
  try {
    const value: unknown = JSON.parse(text)
    if (!isJsonObject(value)) return undefined
    // What we write ourselves has this very text, and then nothing of it is lost: cheaper than to look at each member.
    return JSON.stringify(value) === text || !namesTwice(text) ? value : undefined
  } catch {
    return undefined
  }
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether an object in this JSON, which is known to be valid, names a member twice. */
function namesTwice(json: string): boolean {
  // One set for each object that is open; undefined for an array.
  const open: (Set<string> | undefined)[] = []
  for (let at = 0; at < json.length; at += 1) {
    const char = json.charCodeAt(at)
    if (char === brace) open.push(new Set())
    else if (char === bracket) open.push(undefined)
    else if (char === endBrace || char === endBracket) open.pop()
    else if (char === quote) {
      const end = endOfString(json, at)
      const names = open.at(-1)
      if (names !== undefined && isName(json, end + 1)) {
        const name = nameOf(json, at, end)
        if (names.has(name)) return true
        names.add(name)
      }
      at = end
    }
  }
  return false
}

const [quote, backslash, colon, brace, endBrace, bracket, endBracket] = [
  0x22, 0x5c, 0x3a, 0x7b, 0x7d, 0x5b, 0x5d,
]

function endOfString(json: string, start: number): number {
  let at = start + 1
  while (json.charCodeAt(at) !== quote) at += json.charCodeAt(at) === backslash ? 2 : 1
  return at
}

function isName(json: string, start: number): boolean {
  let at = start
  // Blank space: nothing of valid JSON that comes after a string is below it.
  while (json.charCodeAt(at) <= 0x20) at += 1
  return json.charCodeAt(at) === colon
}

function nameOf(json: string, start: number, end: number): string {
  const raw = json.slice(start + 1, end)
  // One name can be written in several ways.
  return raw.includes('\\') ? String(JSON.parse(`"${raw}"`)) : raw
}
