// Request bodies too large for memory, kept on disk so that they can be sent again: one nameless file per body.
import { randomUUID } from 'node:crypto'
import { open, unlink, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BalancerLimits } from '../limits.ts'

/** What a spool does with its file. */
export interface SpoolFile {
  write(
    bytes: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>
  read(
    bytes: Buffer,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesRead: number }>
  /** Waits for what is under way. */
  close(): Promise<void>
}

export type SpoolLimits = Pick<BalancerLimits, 'spoolBytes' | 'spoolTotalBytes'>

export interface SpoolListener {
  /** The disk has caught up after `append` answered false. */
  onSpoolRoom(): void
  /** What was appended cannot be kept: disk full, no such folder, too slow. Nothing more is told. */
  onSpoolFailure(cause: Error): void
}

/** Bytes, their buffers' overhead included, that may wait for the disk in memory. */
const waitingBytes = 1024 * 1024
const bufferOverheadBytes = 256
const pieceBytes = 64 * 1024
/** Files open at a time: descriptors are for clients first. */
const maxFiles = 512
/** A client is not held up longer than this for the sake of a copy of its body. */
const diskPatienceMs = 2_000

/** The disk that all bodies of a worker share. */
export class SpoolSpace {
  readonly #openFile: () => Promise<SpoolFile>
  readonly patienceMs: number
  #files = 0
  #bytes = 0

  constructor(
    openFile: () => Promise<SpoolFile> = () => openSpoolFile(tmpdir()),
    patienceMs: number = diskPatienceMs,
  ) {
    this.#openFile = openFile
    this.patienceMs = patienceMs
  }

  get files(): number {
    return this.#files
  }

  /** Appended to spools that are not closed yet. */
  get bytes(): number {
    return this.#bytes
  }

  /** Undefined when there is no room for so many first bytes, or too many files are open. To be closed. */
  spool(bytes: number, limits: SpoolLimits, listener: SpoolListener): BodySpool | undefined {
    if (this.#files >= maxFiles || bytes > limits.spoolBytes || !this.fits(bytes, limits)) return undefined
    this.#files++
    return new BodySpool(this, this.#openFile(), limits, listener)
  }

  fits(bytes: number, limits: SpoolLimits): boolean {
    return this.#bytes + bytes <= limits.spoolTotalBytes
  }

  claim(bytes: number): void {
    this.#bytes += bytes
  }

  /** A spool is closed. */
  release(bytes: number): void {
    this.#bytes -= bytes
    this.#files--
  }
}

export class BodySpool {
  readonly #space: SpoolSpace
  readonly #file: Promise<SpoolFile>
  readonly #limits: SpoolLimits
  readonly #listener: SpoolListener
  #waiting: Buffer[] = []
  #waitingCost = 0
  #length = 0
  #written = 0
  #writing = false
  #patience: NodeJS.Timeout | undefined
  #failure: Error | undefined
  /** Wakes the reader when something was written, or when nothing ever will be. */
  #wake: (() => void) | undefined

  constructor(space: SpoolSpace, file: Promise<SpoolFile>, limits: SpoolLimits, listener: SpoolListener) {
    this.#space = space
    this.#file = file
    this.#limits = limits
    this.#listener = listener
    // Reported where the file is used.
    file.catch(() => {})
  }

  /** Bytes appended. */
  get length(): number {
    return this.#length
  }

  /** Whether the limits leave room for so many bytes more. */
  fits(bytes: number): boolean {
    return this.#length + bytes <= this.#limits.spoolBytes && this.#space.fits(bytes, this.#limits)
  }

  /** False when more should wait for onSpoolRoom. */
  append(chunk: Buffer): boolean {
    if (this.#failure !== undefined) return true
    this.#space.claim(chunk.length)
    this.#length += chunk.length
    this.#waiting.push(chunk)
    this.#waitingCost += chunk.length + bufferOverheadBytes
    if (!this.#writing) void this.#writeWaiting()
    if (this.#waitingCost <= waitingBytes) return true
    this.#patience ??= setTimeout(() => {
      this.#fail(new Error(`the disk took nothing for ${this.#space.patienceMs} ms`))
    }, this.#space.patienceMs)
    return false
  }

  /**
   * Up to 64 KB from there on, as soon as any are on disk; `position` is below `length`, and one read is under way at a time.
   * Rejects when the bytes cannot be had, or the spool is closed meanwhile.
   */
  async read(position: number): Promise<Buffer> {
    while (position >= this.#written && this.#failure === undefined) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
    if (this.#failure !== undefined) throw this.#failure
    const file = await this.#file
    const bytes = Buffer.allocUnsafe(Math.min(pieceBytes, this.#written - position))
    const { bytesRead } = await file.read(bytes, 0, bytes.length, position)
    if (bytesRead === 0) throw new Error('the file of the body is too short')
    return bytes.subarray(0, bytesRead)
  }

  /** Gives the file and its room on disk back. Nothing is told after this. */
  close(): void {
    if (this.#failure === undefined) this.#end(new Error('the spool is closed'))
  }

  async #writeWaiting(): Promise<void> {
    this.#writing = true
    try {
      const file = await this.#file
      while (this.#waiting.length > 0) {
        const batch = joinChunks(this.#waiting)
        this.#waiting = []
        await this.#writeWhole(file, batch)
        this.#settle()
      }
      this.#writing = false
    } catch (error) {
      this.#fail(error instanceof Error ? error : new Error(String(error)))
    }
  }

  async #writeWhole(file: SpoolFile, batch: Buffer): Promise<void> {
    for (let offset = 0; offset < batch.length && this.#failure === undefined;) {
      const { bytesWritten } = await file.write(batch, offset, batch.length - offset, this.#written)
      if (bytesWritten === 0) throw new Error('the disk takes no more')
      offset += bytesWritten
      this.#written += bytesWritten
    }
  }

  /** A batch is on disk: whoever waited for that goes on. */
  #settle(): void {
    if (this.#failure !== undefined) return
    this.#waitingCost = 0
    for (const chunk of this.#waiting) this.#waitingCost += chunk.length + bufferOverheadBytes
    this.#wake?.()
    this.#wake = undefined
    if (this.#patience === undefined) return
    clearTimeout(this.#patience)
    this.#patience = undefined
    this.#listener.onSpoolRoom()
  }

  #fail(cause: Error): void {
    if (this.#failure !== undefined) return
    this.#end(cause)
    this.#listener.onSpoolFailure(cause)
  }

  #end(cause: Error): void {
    this.#failure = cause
    clearTimeout(this.#patience)
    this.#waiting = []
    this.#space.release(this.#length)
    this.#wake?.()
    // A file that never opened needs no closing, and one that cannot be closed has no name to be found by.
    this.#file.then((file) => file.close()).catch(() => {})
  }
}

/** The chunks as one, copied only when they are several. */
export function joinChunks(chunks: readonly Buffer[]): Buffer {
  const [first] = chunks
  return first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks)
}

/**
 * A new file that nobody else can open. It has no name any more where the platform lets an open file be removed, so that it
 * is gone with its process; elsewhere it is removed when closed.
 */
export async function openSpoolFile(folder: string): Promise<SpoolFile> {
  const path = join(folder, `drover-body-${randomUUID()}`)
  const file = await open(path, 'wx+', 0o600)
  try {
    await unlink(path)
    return file
  } catch {
    return removedWhenClosed(file, path)
  }
}

function removedWhenClosed(file: FileHandle, path: string): SpoolFile {
  return {
    write: (bytes, offset, length, position) => file.write(bytes, offset, length, position),
    read: (bytes, offset, length, position) => file.read(bytes, offset, length, position),
    close: async () => {
      await file.close()
      await unlink(path)
    },
  }
}
