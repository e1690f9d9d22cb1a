// What each case of the files' contract plays with: two instances on one place, and keys that no other case has.
import assert from 'node:assert/strict'
import { createHash, randomUUID } from 'node:crypto'
import type { ErrorCode } from '../../base/errors.ts'
import { isDroverError } from '../../base/errors.ts'
import type { Files } from '../../files/files.ts'
import type { FilesOptions } from '../../files/options.ts'

/** How the suite gets at the place under test. */
export interface FilesHarness {
  /** Opens another instance's files on the same place, with `options` beside its own. The suite closes them. */
  open(options: FilesOptions): Files
  /** Whether the place decides `ifAbsent` in one step. */
  readonly isConditional: boolean
  /** Whether it does so for files of any size. Default: unknown, so that one of several parts may be refused. */
  readonly isConditionalInParts?: boolean
  /** A signed URL as a client on the network sees it. */
  reach(url: string): string
}

export interface FilesStage {
  readonly here: Files
  readonly there: Files
  readonly harness: FilesHarness
  /** Other files of the same place, closed at the end. */
  readonly open: (options: FilesOptions) => Files
  /** Begins every key of this case. */
  readonly prefix: string
}

export interface FilesCase {
  readonly name: string
  readonly play: (stage: FilesStage) => Promise<void>
}

export async function withFilesStage(harness: FilesHarness, play: FilesCase['play']): Promise<void> {
  const opened: Files[] = []
  const open = (options: FilesOptions) => {
    const files = harness.open(options)
    opened.push(files)
    return files
  }
  try {
    await play({ here: open({}), there: open({}), harness, open, prefix: `case-${randomUUID()}/` })
  } finally {
    await Promise.all(opened.map((files) => files.close()))
  }
}

export const text = { contentType: 'text/plain' } as const

export function sha256Of(content: Uint8Array | string): string {
  return createHash('sha256').update(content).digest('hex')
}

/** Bytes that are the same in every run, and differ from place to place. */
export function sampleBytes(size: number): Buffer {
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at += 4) bytes.writeUInt32LE((at * 2_654_435_761) >>> 0, Math.min(at, size - 4))
  return bytes
}

/** The content as it comes over a network: in pieces of odd length, its end unknown. */
export async function* inPieces(
  content: Buffer,
  pieceBytes: number,
): AsyncGenerator<Buffer, void, undefined> {
  for (let at = 0; at < content.length; at += pieceBytes) yield content.subarray(at, at + pieceBytes)
}

export async function contentOf(
  files: Files,
  key: string,
  range?: { start: number; end?: number },
): Promise<Buffer> {
  const found = await files.get(key, range === undefined ? {} : { range })
  assert.ok(found, `${key} is not there`)
  return Buffer.concat(await found.body.toArray())
}

export async function assertRefused(call: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(isDroverError(error), String(error))
    assert.equal(error.code, code, error.message)
    return true
  })
}
