// A load of a fixed rate: requests leave when they are due, however long earlier ones take. What wrk lacks: it sends the
// next request when the last one is answered, and so is gentlest where a proxy is slowest.
import { getRequest, isWholeResponse, Line } from './line.ts'
import { connections } from './wrk.ts'

export interface OpenLoad {
  /** Loopback ports that connections go to in turn. */
  readonly ports: readonly number[]
  /** Of a GET. */
  readonly path: string
  readonly perSecond: number
  readonly seconds: number
}

/**
 * How long the client sleeps between two looks at its sockets: timers of Node are a millisecond too coarse, and looking
 * all the time would take a core from those who are measured. Added latency below this is not seen.
 */
export const napMs = 0.05
/** What the schedule may lag behind at its end before the rate counts as too high. */
const graceMs = 10_000

const sleeper = new Int32Array(new SharedArrayBuffer(4))

/**
 * The latency of each request in milliseconds, from when it was due, so that waiting for a free connection counts.
 * Rejects when a single answer was an error, a connection broke, or the rate was never kept.
 */
export async function runOpenLoop(load: OpenLoad, signal: AbortSignal): Promise<readonly number[]> {
  const lines = await Promise.all(
    Array.from({ length: connections }, async (_line, index) => {
      const port = load.ports[index % load.ports.length] ?? 0
      return { line: await Line.open(port), question: getRequest(load.path, port) }
    }),
  )
  try {
    // What a connection's first request sets up is not part of the load.
    await Promise.all(lines.map(({ line, question }) => line.ask(question, isWholeResponse)))
    return await new OpenLoop(load, lines, signal).run()
  } finally {
    for (const { line } of lines) line.close()
  }
}

interface Connection {
  readonly line: Line
  readonly question: Buffer
}

class OpenLoop {
  readonly #gapMs: number
  readonly #total: number
  readonly #signal: AbortSignal
  /** In the order in which they became free, so that all are used. */
  readonly #free: Connection[]
  readonly #latencies: number[] = []
  readonly #startMs = performance.now()
  readonly #done = Promise.withResolvers<readonly number[]>()
  #sent = 0
  #isOver = false

  constructor({ perSecond, seconds }: OpenLoad, free: readonly Connection[], signal: AbortSignal) {
    this.#gapMs = 1_000 / perSecond
    this.#total = Math.max(1, Math.round(perSecond * seconds))
    this.#free = [...free]
    this.#signal = signal
  }

  run(): Promise<readonly number[]> {
    this.#tick()
    return this.#done.promise
  }

  #tick(): void {
    if (this.#isOver) return
    if (this.#signal.aborted) this.#fail(this.#signal.reason)
    else if (performance.now() > this.#dueMs(this.#total) + graceMs) {
      const rate = Math.round(1_000 / this.#gapMs)
      this.#fail(
        new Error(`Cannot keep ${rate} requests/s: ${this.#latencies.length} of ${this.#total} answered`),
      )
    } else {
      this.#sendDue()
      Atomics.wait(sleeper, 0, 0, napMs)
      setImmediate(() => {
        this.#tick()
      })
    }
  }

  #dueMs(index: number): number {
    return this.#startMs + index * this.#gapMs
  }

  #sendDue(): void {
    const nowMs = performance.now()
    while (this.#sent < this.#total && this.#dueMs(this.#sent) <= nowMs) {
      const connection = this.#free.shift()
      if (connection === undefined) return
      this.#send(connection, this.#dueMs(this.#sent))
      this.#sent++
    }
  }

  #send(connection: Connection, dueMs: number): void {
    connection.line.ask(connection.question, isWholeResponse).then(
      () => {
        this.#latencies.push(performance.now() - dueMs)
        this.#free.push(connection)
        if (this.#latencies.length === this.#total) this.#finish()
      },
      (error: unknown) => {
        this.#fail(error)
      },
    )
  }

  #finish(): void {
    this.#isOver = true
    this.#done.resolve(this.#latencies)
  }

  #fail(error: unknown): void {
    this.#isOver = true
    this.#done.reject(error)
  }
}
