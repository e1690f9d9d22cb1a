// The port of this room: where files rest. Keys are checked before they come here (key.ts), content types and limits too.
import type { Readable } from 'node:stream'
import type { Content } from './content.ts'

/** What is known of a file. */
export interface StoredFile {
  readonly key: string
  /** In bytes. */
  readonly size: number
  /** As it was declared, with its parameters. */
  readonly contentType: string
  /** In hex. Undefined where the backend does not know it: on S3 for a file of several parts that came without one. */
  readonly sha256: string | undefined
  /** In milliseconds since the epoch. */
  readonly modifiedAtMs: number
}

/** What a list tells of each file. */
export type ListedFile = Pick<StoredFile, 'key' | 'size' | 'modifiedAtMs'>

/** Both ends count, from 0; without an end, up to the last byte. An end beyond it means the last byte. */
export interface ByteRange {
  readonly start: number
  readonly end?: number
}

export interface ReadFile {
  readonly file: StoredFile
  /** What was asked for; fails where the file is cut. Read it to its end, or destroy it. */
  readonly body: Readable
}

export interface FileWrite {
  readonly contentType: string
  /** In hex, when its sender declared it. `content` fails by itself when it is wrong. */
  readonly sha256: string | undefined
  /**
   * Fail with FILE_EXISTS when there is a file of this key; with FILE_CONDITION_UNSUPPORTED when the backend cannot tell
   * in one step.
   */
  readonly ifAbsent: boolean
}

export interface DownloadGrant {
  readonly expiresAtMs: number
  readonly contentType: string
  readonly disposition: string
}

export interface UploadGrant {
  readonly expiresAtMs: number
  readonly contentType: string
  /** Exactly so many bytes. */
  readonly size: number
}

/** A request that uploads a file without an instance in between. */
export interface SignedUpload {
  readonly url: string
  readonly method: 'PUT'
  /** To be sent exactly so. A browser adds Content-Length by itself, which has to be the size that was signed. */
  readonly headers: Readonly<Record<string, string>>
}

export interface FilePage {
  /** In the order of the keys' UTF-8 bytes. */
  readonly files: readonly ListedFile[]
  /** The last key of this page when there may be more: give it as `after`. */
  readonly next: string | undefined
}

export interface FileQuery {
  readonly prefix: string
  readonly after: string | undefined
  readonly limit: number
}

/**
 * A place for files that all instances share. A file appears and is replaced as a whole: readers see the former content
 * or the new one, and those who read the former go on reading it. What is not written to its end, because `content` fails
 * or the process dies, is never seen. After a call has resolved, every instance sees what it did. A place that cannot be
 * reached rejects with STORE_UNAVAILABLE, the cause kept, and is never taken for one without the file.
 */
export interface FileBackend {
  /** Takes `content` to its end; rejects with what it fails with. */
  write(key: string, content: Content, write: FileWrite): Promise<void>
  /** Undefined when there is none. Rejects with FILE_RANGE_INVALID when the file ends before the range begins. */
  read(key: string, range: ByteRange | undefined): Promise<ReadFile | undefined>
  stat(key: string): Promise<StoredFile | undefined>
  /** Of two that write or delete meanwhile, some are listed and some not. */
  list(query: FileQuery): Promise<FilePage>
  /** Resolves also when there is none. */
  delete(key: string): Promise<void>
  /** Content, type and checksum; replaces what is at `to`. False when there is nothing at `from`. */
  copy(from: string, to: string): Promise<boolean>
  signDownload(key: string, grant: DownloadGrant): Promise<string>
  signUpload(key: string, grant: UploadGrant): Promise<SignedUpload>
  /** Removes what uploads left behind that were cut off longer ago than `abandonedAfterMs`; resolves to how many. */
  sweep(): Promise<number>
  close(): Promise<void>
}
