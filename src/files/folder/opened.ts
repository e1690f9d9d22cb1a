// A file of the folder that is open: what it says of itself, and its content.
import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { Readable } from 'node:stream'
import type { ByteRange, StoredFile } from '../backend.ts'
import { isErrno } from './errno.ts'
import { readRecord } from './record.ts'
import type { FileRecord } from './record.ts'
import type { FileTree } from './tree.ts'

/** Whoever opened it closes it. */
export interface OpenFile {
  readonly handle: FileHandle
  readonly record: FileRecord
  readonly modifiedAtMs: number
}

/** Undefined for what is no file of ours. Rejects with FILE_KEY_INVALID when a link is on the way. */
export async function openFile(tree: FileTree, path: string): Promise<OpenFile | undefined> {
  await tree.assertInside(path)
  try {
    // A link at its place is refused, and a pipe does not make us wait.
    const handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    return await describe(handle)
  } catch (error) {
    if (isErrno(error, 'ENOENT', 'ELOOP')) return undefined
    throw error
  }
}

async function describe(handle: FileHandle): Promise<OpenFile | undefined> {
  try {
    const found = await handle.stat()
    const record = found.isFile() ? await readRecord(handle, found.size) : undefined
    if (record !== undefined) return { handle, record, modifiedAtMs: Math.floor(found.mtimeMs) }
  } catch (error) {
    await handle.close()
    throw error
  }
  await handle.close()
  return undefined
}

/** A stream, which closes the file when it ends or is destroyed. */
export async function bodyOf(
  handle: FileHandle,
  size: number,
  range: ByteRange | undefined,
): Promise<Readable> {
  if (size > 0)
    return handle.createReadStream({ start: range?.start ?? 0, end: Math.min(range?.end ?? size, size - 1) })
  await handle.close()
  return Readable.from([])
}

export function storedFile(key: string, { record, modifiedAtMs }: OpenFile): StoredFile {
  const { size, contentType, sha256 } = record
  return { key, size, contentType, sha256, modifiedAtMs }
}
