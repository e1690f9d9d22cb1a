// Parts of files: what the Range field of HTTP asks for, and what is not there.
import { DroverError } from '../base/errors.ts'
import type { ByteRange } from './backend.ts'

export function rangeBeyond(key: string, { start }: ByteRange, size?: number): DroverError {
  const has = size === undefined ? '' : `: it has ${size} bytes`
  // RFC 9110 section 15.5.17
  const headers = size === undefined ? {} : { headers: { 'content-range': `bytes */${size}` } }
  return new DroverError(
    'FILE_RANGE_INVALID',
    `Cannot read ${JSON.stringify(key)} from byte ${start} on${has}`,
    headers,
  )
}

/**
 * The one range that a Range field asks for of a file of `size` bytes (RFC 9110 section 14.1.2). Undefined for the whole
 * file: without one, for another unit, a malformed one, or several ranges, which a server may ignore.
 */
export function requestedRange(field: string | undefined, size: number): ByteRange | undefined {
  const [, first = '', last = ''] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(field?.trim() ?? '') ?? []
  if (first === '' && last === '') return undefined
  if (first !== '')
    return last === '' || Number(last) >= Number(first) ? between(Number(first), last) : undefined
  return { start: last === '0' ? size : Math.max(0, size - Number(last)) }
}

function between(start: number, last: string): ByteRange {
  return last === '' ? { start } : { start, end: Number(last) }
}
