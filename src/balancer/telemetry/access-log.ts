// One line of JSON for every request that is over.
import { pino, type Logger } from 'pino'
import type { AttemptRecord, ExchangeRecord } from '../exchange/record.ts'
import { LogFile } from './log-file.ts'

export interface AccessLogOptions {
  /** A file's path, or '-' for standard output. */
  readonly path: string
  /** Log the query of a target too. Default false: queries carry passwords, tokens and names. */
  readonly query?: boolean
  /** Told once when lines cannot be written, and once when they can again. */
  readonly notice: (text: string) => void
  /** Wall-clock milliseconds. */
  readonly now: () => number
}

/** Longer paths and reasons are cut, so that a line stays in one piece among other writers of a pipe. */
const maxPathLength = 1_024
const maxWhyLength = 200

export class AccessLog {
  readonly #file: LogFile
  readonly #logger: Logger
  readonly #query: boolean

  constructor(options: AccessLogOptions) {
    this.#file = new LogFile(options)
    this.#query = options.query ?? false
    this.#logger = pino({ base: null, timestamp: timestampOf(options.now) }, this.#file)
  }

  /** Lines that could not be written. */
  get dropped(): number {
    return this.#file.dropped
  }

  /** An ExchangeObserver. */
  observe(record: ExchangeRecord): void {
    const { attempts } = record
    const decisive = attempts.find(({ outcome }) => outcome === 'answered') ?? attempts.at(-1)
    this.#logger.info({
      requestId: record.requestId,
      traceId: record.traceId,
      client: record.remoteAddress,
      method: record.method,
      path: pathOf(record.target, this.#query),
      version: record.version,
      status: record.status,
      bytes: record.bytesOut,
      instance: decisive?.instance,
      attempts: attempts.length,
      tried: attempts.length > 1 ? attempts.map(describe) : undefined,
      queueMs: hundredths(record.queueMs),
      upstreamMs: decisive === undefined ? undefined : duration(decisive),
      totalMs: duration(record),
      end: record.end,
      why: reasonOf(record, decisive),
    })
  }

  /** The log goes on in a new file of the same path, once the old one was moved away (logrotate). */
  reopen(): void {
    this.#file.reopen()
  }

  /** Writes what waits; takes a second at most. */
  close(): Promise<void> {
    return this.#file.close()
  }

  /** For the moment when the process exits. */
  flushSync(): void {
    this.#file.flushSync()
  }
}

/** Pino's `time` member, worked out once a millisecond: it would cost a third of a line. */
function timestampOf(now: () => number): () => string {
  let lastMs = Number.NaN
  let text = ''
  return () => {
    const nowMs = now()
    if (nowMs !== lastMs) {
      lastMs = nowMs
      text = `,"time":"${new Date(nowMs).toISOString()}"`
    }
    return text
  }
}

/** The path of a target, without the authority and the user's name and password that an absolute form may carry. */
function pathOf(target: string, query: boolean): string {
  const path = target.startsWith('/') ? target : target.replace(/^[a-z]+:\/\/[^/?#]*/i, '')
  const end = query ? -1 : path.search(/[?#]/)
  const shown = end < 0 ? path : path.slice(0, end)
  return shown.length > maxPathLength ? `${shown.slice(0, maxPathLength)}…` : shown
}

function describe(attempt: AttemptRecord): object {
  return {
    instance: attempt.instance,
    outcome: attempt.outcome,
    progress: attempt.progress,
    ms: duration(attempt),
    why: attempt.why === '' ? undefined : attempt.why.slice(0, maxWhyLength),
  }
}

/** Why it went wrong, where it did: the balancer's reason, or else that of the only attempt. */
function reasonOf(record: ExchangeRecord, decisive: AttemptRecord | undefined): string | undefined {
  const why = record.why === '' && record.attempts.length === 1 ? decisive?.why : record.why
  return why === undefined || why === '' ? undefined : why.slice(0, maxWhyLength)
}

function duration(span: { readonly startedMs: number; readonly endedMs: number }): number {
  return hundredths(span.endedMs - span.startedMs)
}

function hundredths(ms: number): number {
  return Math.round(ms * 100) / 100
}
