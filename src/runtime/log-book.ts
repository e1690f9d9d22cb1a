// The last lines of everybody in the fleet, for whoever asks later. Readers hold a place in the book and no lines of their own: one
// that stands still costs nothing, and finds a gap where the book went on without it.
import { DroverError } from '../base/errors.ts'
import type { LogEntry, LogLine, LogRequest } from '../control/commands.ts'

/** What is kept (R7): lines of everybody together, and the bytes of their text. */
export const maxLogLines = 5_000
export const maxLogBytes: number = 4 * 1024 * 1024

interface Kept {
  readonly line: LogLine
  readonly bytes: number
  /** The how manieth line of all it is, from 1; and of its id. */
  readonly number: number
  readonly numberOfId: number
}

type OnEntry = (entry: LogEntry) => void | Promise<void>

export class LogBook {
  readonly #knownIds: () => readonly string[]
  /** Oldest first, numbered without gaps. */
  readonly #kept: Kept[] = []
  #bytes = 0
  #written = 0
  /** How many lines each id has written; ids are used again, so that there are never many. */
  readonly #writtenById = new Map<string, number>()
  /** What readers that have told everything wait for. */
  #news: PromiseWithResolvers<void> | undefined

  /** `knownIds`: those that may be asked for though they wrote nothing yet. */
  constructor(knownIds: () => readonly string[]) {
    this.#knownIds = knownIds
  }

  add(line: LogLine): void {
    this.#written += 1
    const numberOfId = (this.#writtenById.get(line.id) ?? 0) + 1
    this.#writtenById.set(line.id, numberOfId)
    const bytes = Buffer.byteLength(line.text)
    this.#kept.push({ line, bytes, number: this.#written, numberOfId })
    this.#bytes += bytes
    while (this.#kept.length > maxLogLines || (this.#bytes > maxLogBytes && this.#kept.length > 1))
      this.#bytes -= this.#kept.shift()?.bytes ?? 0
    this.#wakeReaders()
  }

  /** See LogCommands. Whoever aborts also ends the wait that `onEntry` asked for. */
  async read(request: LogRequest, onEntry: OnEntry, signal: AbortSignal): Promise<void> {
    this.#checkKnown(request.instance)
    const place = this.#placeOf(request)
    const last = request.follow ? Infinity : this.#written
    const wake = () => {
      this.#wakeReaders()
    }
    signal.addEventListener('abort', wake)
    try {
      while (!isAborted(signal)) {
        const next = this.#next(place)
        if (next !== undefined && next.number <= last) await tell(next, place, onEntry)
        else if (request.follow) await this.#nextNews()
        else return
      }
    } finally {
      signal.removeEventListener('abort', wake)
    }
  }

  #wakeReaders(): void {
    const news = this.#news
    this.#news = undefined
    news?.resolve()
  }

  #nextNews(): Promise<void> {
    this.#news ??= Promise.withResolvers<void>()
    return this.#news.promise
  }

  #checkKnown(id: string | undefined): void {
    if (id === undefined || this.#writtenById.has(id)) return
    const known = this.#knownIds()
    if (known.includes(id)) return
    const message = `Cannot read the lines of ${JSON.stringify(id)}: the fleet has ${known.join(', ')}`
    throw new DroverError('INSTANCE_UNKNOWN', message)
  }

  /** Right before the first of the lines that were asked for. */
  #placeOf({ instance, lines }: LogRequest): Place {
    const asked = this.#kept.filter(({ line }) => instance === undefined || line.id === instance)
    const first = asked.at(Math.max(0, asked.length - lines))
    const written = instance === undefined ? this.#written : (this.#writtenById.get(instance) ?? 0)
    if (lines === 0 || first === undefined) return { number: this.#written, ofAsked: written, instance }
    const ofAsked = (instance === undefined ? first.number : first.numberOfId) - 1
    return { number: first.number - 1, ofAsked, instance }
  }

  /** The first line behind `place` that was asked for and is still there. */
  #next(place: Place): Kept | undefined {
    const oldest = this.#kept[0]?.number ?? 0
    for (let index = Math.max(0, place.number + 1 - oldest); index < this.#kept.length; index += 1) {
      const kept = this.#kept[index]
      if (place.instance === undefined || kept?.line.id === place.instance) return kept
    }
    // So that lines of others are looked at once.
    place.number = this.#written
    return undefined
  }
}

/** How far a reader has come: in all lines, and in those it asked for. */
interface Place {
  number: number
  ofAsked: number
  readonly instance: string | undefined
}

/** Tells of what is missing before `kept`, and of it. */
async function tell({ line, number, numberOfId }: Kept, place: Place, onEntry: OnEntry): Promise<void> {
  const ofAsked = place.instance === undefined ? number : numberOfId
  const dropped = ofAsked - place.ofAsked - 1
  place.number = number
  place.ofAsked = ofAsked
  if (dropped > 0) await onEntry({ dropped })
  await onEntry(line)
}

function isAborted(signal: AbortSignal): boolean {
  return signal.aborted
}
