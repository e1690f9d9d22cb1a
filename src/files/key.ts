// What a file may be called: one rule for every backend, so that a name which works here works everywhere.
import { DroverError } from '../base/errors.ts'
import { encodeSegment } from './segment.ts'

/** What S3 allows. */
const mostKeyBytes = 1_024
/** A name in a file system has at most 255 bytes; the rest is left for a mark. */
const mostSegmentBytes = 250

/** What is wrong with `key` as the name of a file; undefined when nothing is. */
export function keyFault(key: unknown): string | undefined {
  if (typeof key !== 'string' || key === '') return 'wanted a text that is not empty'
  if (!key.isWellFormed()) return 'it is not well-formed Unicode'
  if (Buffer.byteLength(key) > mostKeyBytes) return `it is longer than ${mostKeyBytes} bytes`
  // Control, format (bidi, zero width), private and unassigned characters: two names would look alike.
  if (/\p{C}|\p{Zl}|\p{Zp}/u.test(key)) return 'it has a character that cannot be seen'
  if (key !== key.normalize('NFC')) return 'it is not in Unicode normalization form C'
  if (key.includes('\\')) return 'it has a backslash'
  if (/^(?:\/|[A-Za-z]:)/.test(key)) return 'it is an absolute path'
  return key
    .split('/')
    .map(segmentFault)
    .find((fault) => fault !== undefined)
}

function segmentFault(segment: string): string | undefined {
  if (segment === '') return 'a part between slashes is empty'
  if (segment === '.' || segment === '..') return 'it has a part that leads elsewhere'
  if (segment !== segment.trim()) return 'a part begins or ends with a blank'
  if (encodeSegment(segment).length > mostSegmentBytes) return 'a part between slashes is too long'
  return undefined
}

/**
 * The key, when it may be one. Throws FILE_KEY_INVALID otherwise: an empty, absolute or over-long path, one with `.` or
 * `..`, a backslash, a control or invisible character, or text that is not in NFC.
 */
export function readKey(key: unknown): string {
  const fault = keyFault(key)
  if (fault === undefined) return String(key)
  throw new DroverError('FILE_KEY_INVALID', `Cannot use ${shown(key)} as the key of a file: ${fault}`)
}

/** The beginning of keys, as a list asks for it; it need not end at a slash. Throws FILE_KEY_INVALID. */
export function readPrefix(prefix: unknown): string {
  if (prefix === '') return prefix
  return typeof prefix === 'string' && prefix.endsWith('/')
    ? `${readKey(prefix.slice(0, -1))}/`
    : readKey(prefix)
}

/** Keys in the order in which every backend lists them: by the bytes of UTF-8, as S3 does. */
export function compareKeys(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right))
}

function shown(key: unknown): string {
  return typeof key === 'string' ? JSON.stringify(key.slice(0, 80)) : `a ${typeof key}`
}
