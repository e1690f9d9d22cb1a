// Streams of events that a run's clients hold open: what came on each, and during which step.
import type { IncomingMessage } from 'node:http'
import { haveCome } from '../compare/events.ts'
import type { Heard } from '../flow/flow.ts'
import type { StreamEvent, StreamLog } from '../trace.ts'
import { EventText } from './event-text.ts'
import type { Chunk } from './exchange.ts'
import type { SocketAnswer } from './sockets.ts'

export interface StreamOpening {
  /** Whose answer it is. */
  readonly step: number
  readonly client: string
  readonly path: string
  readonly instance: number
  /** What came on it, in the site's name. */
  readonly asSite: (text: string) => string
}

interface OpenStream extends StreamOpening {
  readonly stream: IncomingMessage
  readonly events: StreamEvent[]
  /** How many were given out to who expected one. */
  given: number
}

/** After the head of the answer. What comes later may be the clock's doing. */
const greetingMs = 200
/** More than this on one stream tells nothing new. */
const eventsAtMost = 500

export class Streams {
  readonly #open: OpenStream[] = []
  readonly #watching = new Set<() => void>()
  #step = 0

  get isEmpty(): boolean {
    return this.#open.length === 0
  }

  get logs(): readonly StreamLog[] {
    return this.#open.map(({ step, events }) => ({ step, events }))
  }

  /** What comes from now on comes after this step began. */
  begin(step: number): void {
    this.#step = step
  }

  hold(opening: StreamOpening, stream: IncomingMessage, first: readonly Chunk[]): void {
    const { step, asSite } = opening
    const open: OpenStream = { ...opening, stream, events: [], given: 0 }
    const text = new EventText(stream.headers['content-type'] ?? '')
    const decoder = new TextDecoder()
    const note = (bytes: Buffer, after: number, isGreeting: boolean): void => {
      for (const event of text.add(decoder.decode(bytes, { stream: true })))
        if (open.events.length < eventsAtMost)
          open.events.push({ text: asSite(event), after, isGreeting, atMs: Date.now() })
    }
    for (const { bytes, afterMs } of first) note(bytes, step, afterMs <= greetingMs)
    stream.on('data', (chunk: Buffer) => {
      note(chunk, this.#step, false)
      for (const look of this.#watching) look()
    })
    this.#open.push(open)
  }

  /** Waits until nothing has come for so long, at most eight times that. */
  async untilSilent(silentMs: number): Promise<void> {
    const since = performance.now()
    for (let seen = -1; seen !== this.#count() && performance.now() - since < silentMs * 8;) {
      seen = this.#count()
      await this.#until(() => false, silentMs)
    }
  }

  #count(): number {
    return this.#open.reduce((sum, { events }) => sum + events.length, 0)
  }

  /** Waits for all of these on the stream that `step` opened; whether they came. Nothing is waited for where it is not open. */
  async hears(step: number, heard: readonly Heard[], withinMs: number): Promise<boolean> {
    const open = this.#open.find((one) => one.step === step)
    if (open === undefined) return true
    return this.#until(() => haveCome(heard, open.events), withinMs)
  }

  /** The next event with `includes` in it, of those that were not given out yet; `name`: the path of the stream, else it is the client's latest. */
  async expect(client: string, name: string, includes: string, withinMs: number): Promise<SocketAnswer> {
    const own = this.#open.filter((one) => one.client === client)
    const open = own.findLast(({ path }) => path === name) ?? own.at(-1)
    if (open === undefined) return { instance: 1, status: 0, messages: [], error: 'not connected' }
    const { instance, events } = open
    const found = (): number =>
      events.findIndex(({ text }, index) => index >= open.given && text.includes(includes))
    await this.#until(() => found() >= 0, withinMs)
    const at = found()
    const event = events[at]
    if (event === undefined) return { instance, status: 0, messages: [], error: 'no such message' }
    open.given = at + 1
    return { instance, status: 200, messages: [event.text], error: undefined }
  }

  closeAll(): void {
    for (const { stream } of this.#open) stream.destroy()
  }

  /** Whether `isSo` was so within that time. */
  #until(isSo: () => boolean, withinMs: number): Promise<boolean> {
    if (isSo() || withinMs <= 0) return Promise.resolve(isSo())
    return new Promise((resolve) => {
      const look = (): void => {
        if (isSo()) finish(true)
      }
      const finish = (came: boolean): void => {
        clearTimeout(timer)
        this.#watching.delete(look)
        resolve(came)
      }
      const timer = setTimeout(() => finish(false), withinMs)
      this.#watching.add(look)
    })
  }
}
