// A file, or standard output, that lines are appended to: off the event loop, in large pieces, and never a reason for the
// process to wait, to grow or to end. Several processes may write to one file.
//
// pino's own destination (sonic-boom 4.2) does not hold that: writing before the file could be opened throws, a full pipe
// keeps a process from exiting, and reopening again after a failed reopen closes a descriptor twice.
import { close, constants, open, openSync, write, writeSync } from 'node:fs'

export interface LogFileOptions {
  /** A file's path, or '-' for standard output. */
  readonly path: string
  /** Told once when lines cannot be written, and once when they can again. */
  readonly notice: (text: string) => void
  /** From a failure to the next try. Default 1,000. */
  readonly retryMs?: number
  /** Lines longer than this together wait at most; what comes beyond is dropped and counted. Default 1 MB. */
  readonly bufferLength?: number
}

/** So much is written at once, or what there is after `flushMs`. */
const batchLength = 4_096
const flushMs = 200
/** One write takes whole lines up to this. Into a pipe that others write to as well, PIPE_BUF is the most that stays whole. */
const fileChunk = 65_536
const pipeChunk = 4_096
/** A pipe was full: 64 KB every 5 ms is 13 MB/s, more than a worker logs. */
const fullMs = 5
/** A closing log whose lines cannot be written gives them up after this. */
const closeMs = 1_000
/** Without O_NONBLOCK a write into a full pipe waits in a thread, and libuv lets no process exit before its threads end. */
const flags = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK
/** Not for everybody: it tells who asked for what. */
const mode = 0o640
const standardOutput = 1
/** Opened anew, it can be made non-blocking for us alone: descriptor 1 is shared with other processes. */
const standardOutputPath = '/dev/stdout'
const none = Buffer.alloc(0)
const lineEnd = 0x0a

export class LogFile {
  readonly #path: string
  readonly #notice: (text: string) => void
  readonly #retryMs: number
  readonly #bufferLength: number
  #fd: number | undefined
  #lines: string[] = []
  #length = 0
  /** The chunk being written, as far as it is not. */
  #rest: Buffer = none
  #busy = false
  #reopening = false
  #timer: NodeJS.Timeout | undefined
  #dropped = 0
  /** What had been dropped when the trouble began; undefined while there is none. */
  #droppedBefore: number | undefined
  /** A retry is due at its time; new lines do not hurry it. */
  #retrying = false
  #closing: Promise<void> | undefined
  #onClosed: () => void = () => undefined
  #closed = false

  constructor(options: LogFileOptions) {
    this.#path = options.path
    this.#notice = options.notice
    this.#retryMs = options.retryMs ?? 1_000
    this.#bufferLength = options.bufferLength ?? 1_048_576
    this.#open()
  }

  /** Lines that were not written and never will be, or of which that is not known. */
  get dropped(): number {
    return this.#dropped
  }

  /** Takes a line, its end included. Never throws, never waits. */
  write(line: string): void {
    if (this.#closing !== undefined || this.#length + line.length > this.#bufferLength) {
      if (this.#closing === undefined) this.#complain('lines come faster than they can be written')
      this.#dropped++
      return
    }
    this.#lines.push(line)
    this.#length += line.length
    if (this.#retrying) return
    if (this.#length >= batchLength) this.#pump()
    else this.#pumpAfter(flushMs)
  }

  /** Goes on in a new file of the same path, once the old one was moved away. Keeps the old one when it cannot. */
  reopen(): void {
    if (this.#isStandardOutput) return
    this.#reopening = true
    this.#pump()
  }

  /** Writes what waits, as far as that can be done within a second, and lets go of the file. */
  close(): Promise<void> {
    this.#closing ??= new Promise((resolve) => {
      const deadline = setTimeout(() => {
        this.#finish()
      }, closeMs)
      this.#onClosed = () => {
        clearTimeout(deadline)
        resolve()
      }
    })
    this.#pump()
    return this.#closing
  }

  /** For the moment when the process exits: what waits is written now, or is lost. */
  flushSync(): void {
    // A write under way ends by itself: libuv waits for its threads.
    const begun = this.#busy ? none : this.#rest
    let rest = Buffer.concat([begun, Buffer.from(this.#takeLines(Infinity))])
    this.#rest = none
    if (rest.length === 0) return
    try {
      const fd = (this.#fd ??= openSync(this.#openPath, flags, mode))
      while (rest.length > 0) rest = rest.subarray(writeSync(fd, rest))
    } catch {
      this.#dropped += countLines(rest)
    }
  }

  get #isStandardOutput(): boolean {
    return this.#path === '-'
  }

  get #openPath(): string {
    return this.#isStandardOutput ? standardOutputPath : this.#path
  }

  /** Does the next thing there is to do, unless something is under way. */
  #pump(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#busy || this.#closed) return
    if (this.#fd === undefined || this.#reopening) this.#open()
    else if (this.#rest.length > 0 || this.#lines.length > 0) this.#writeSome(this.#fd)
    else if (this.#closing !== undefined) this.#finish()
  }

  #pumpAfter(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#pump()
    }, ms).unref()
  }

  #open(): void {
    this.#busy = true
    this.#reopening = false
    open(this.#openPath, flags, mode, (error, fd) => {
      this.#busy = false
      if (this.#closed) {
        if (error === null) close(fd)
      } else if (error === null) {
        if (this.#fd !== undefined) close(this.#fd)
        this.#fd = fd
        this.#pump()
      } else if (this.#isStandardOutput) {
        // A socket, which cannot be opened.
        this.#fd = standardOutput
        this.#pump()
      } else if (this.#fd === undefined) this.#fail(error)
      else {
        this.#notice(`access log ${this.#path}: cannot open it again, the old file goes on: ${error.message}`)
        this.#pump()
      }
    })
  }

  #writeSome(fd: number): void {
    this.#busy = true
    if (this.#rest.length === 0) {
      this.#rest = Buffer.from(this.#takeLines(this.#isStandardOutput ? pipeChunk : fileChunk))
    }
    write(fd, this.#rest, (error, written) => {
      this.#busy = false
      if (error === null) this.#advance(written)
      else if (error.code === 'EAGAIN') {
        this.#retrying = true
        this.#pumpAfter(fullMs)
      } else this.#fail(error)
    })
  }

  #advance(written: number): void {
    this.#rest = this.#rest.subarray(written)
    this.#recover()
    const isUrgent = this.#rest.length > 0 || this.#length >= batchLength
    if (isUrgent || this.#reopening || this.#closing !== undefined) this.#pump()
    else if (this.#lines.length > 0) this.#pumpAfter(flushMs)
  }

  /** Whole lines from the front, one at least. */
  #takeLines(limit: number): string {
    let count = 0
    let length = 0
    for (const line of this.#lines) {
      if (count > 0 && length + line.length > limit) break
      length += line.length
      count++
    }
    const taken = this.#lines.splice(0, count)
    this.#length -= length
    return taken.join('')
  }

  #fail(error: Error): void {
    this.#retrying = true
    this.#complain(error.message)
    if (this.#closing === undefined) this.#pumpAfter(this.#retryMs)
    else this.#finish()
  }

  #complain(why: string): void {
    if (this.#droppedBefore !== undefined) return
    this.#droppedBefore = this.#dropped
    this.#notice(`access log ${this.#path}: ${why}`)
  }

  #recover(): void {
    this.#retrying = false
    // Not before most is written: until then the next line may be one too many again.
    if (this.#droppedBefore === undefined || this.#length >= batchLength) return
    const lost = this.#dropped - this.#droppedBefore
    this.#droppedBefore = undefined
    this.#notice(`access log ${this.#path}: written again, ${lost} lines are lost`)
  }

  #finish(): void {
    if (this.#closed) return
    this.#closed = true
    clearTimeout(this.#timer)
    this.#dropped += this.#lines.length + countLines(this.#rest)
    this.#lines = []
    this.#length = 0
    this.#rest = none
    if (this.#fd !== undefined && this.#fd !== standardOutput && !this.#busy) close(this.#fd)
    this.#onClosed()
  }
}

function countLines(chunk: Buffer): number {
  let count = 0
  for (const byte of chunk) if (byte === lineEnd) count++
  return count
}
