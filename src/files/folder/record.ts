// A file as it lies in the folder: its content, then what is known of it. So both appear, and are replaced, in one step.
//
//     content | JSON of the record | length of the JSON, 4 bytes | mark, 8 bytes
//
// What follows the content does not disturb a program that shows pictures or plays sound.
import type { FileHandle } from 'node:fs/promises'

export interface FileRecord {
  readonly size: number
  readonly contentType: string
  readonly sha256: string
}

const mark = Buffer.from('DROVERF1')
const endBytes = 4 + mark.length
/** Far more than a record has: a content type is at most 255 characters long. */
const mostRecordBytes = 2_048

export function encodeRecord(record: FileRecord): Buffer {
  const json = Buffer.from(JSON.stringify(record))
  const length = Buffer.alloc(4)
  length.writeUInt32BE(json.length)
  return Buffer.concat([json, length, mark])
}

/** What an open file says of itself; undefined when it is none of ours. */
export async function readRecord(file: FileHandle, fileBytes: number): Promise<FileRecord | undefined> {
  const tail = Buffer.alloc(Math.min(fileBytes, mostRecordBytes))
  await file.read(tail, 0, tail.length, fileBytes - tail.length)
  return decodeRecord(tail, fileBytes)
}

/** From the last bytes of a file that has `fileBytes`. */
export function decodeRecord(tail: Buffer, fileBytes: number): FileRecord | undefined {
  if (tail.length < endBytes || !tail.subarray(-mark.length).equals(mark)) return undefined
  const jsonBytes = tail.readUInt32BE(tail.length - endBytes)
  if (jsonBytes > tail.length - endBytes) return undefined
  const record: unknown = parsed(tail.subarray(-endBytes - jsonBytes, -endBytes))
  return isRecord(record) && record.size === fileBytes - endBytes - jsonBytes ? record : undefined
}

function parsed(json: Buffer): unknown {
  try {
    return JSON.parse(json.toString())
  } catch {
    return undefined
  }
}

function isRecord(value: unknown): value is FileRecord {
  if (typeof value !== 'object' || value === null) return false
  const { size, contentType, sha256 } = value as Partial<Record<string, unknown>>
  return Number.isSafeInteger(size) && typeof contentType === 'string' && typeof sha256 === 'string'
}
