// What is known of one divergence when its cause is sought: how it differs, and what was seen of the requests that it needs.
import type { Difference, ModeTriple } from '../finding.ts'
import type { AppEvent, Place } from '../instrument/event.ts'

/** One request of the witness. */
export interface Side {
  readonly method: string
  /** With its query. */
  readonly path: string
  /** Content type of what was sent, without parameters; '' for none, 'websocket' for a message. */
  readonly type: string
  readonly client: string
  /** A stream of events, and no WebSocket; its events are those of its opening. */
  readonly isStream?: boolean
  /** Of a message that is waited for: what it has in it. */
  readonly awaits?: string
  /** Of the answer that one instance alone gave. Names in lower case. */
  readonly status: number
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly events: readonly AppEvent[]
}

export interface Clues {
  readonly difference: Difference
  readonly modes: ModeTriple
  /** The writer; without one, every request of the witness before the reader. */
  readonly writers: readonly Side[]
  /** Whether the shrinking found which request writes. */
  readonly hasWriter: boolean
  /** As in `Evidence`. */
  readonly differsAlone: boolean | undefined
  readonly reader: Side
  /** Seen before the first request, and in timers of the app's own. */
  readonly boot: readonly AppEvent[]
  readonly timers: readonly AppEvent[]
  /** Seen while any request was answered: messages of sockets cannot be told apart by request. */
  readonly run: readonly AppEvent[]
  /** Files that the run wrote, relative to the app's folder where they are in it; whoever saw them. */
  readonly files: readonly string[]
  /** Whether what of a build was written is a variable of the app's sources, rather than of what the build has taken in. */
  readonly isOfSources?: (write: AppEvent) => boolean
  /** The source of a line, trimmed. */
  readonly textOf: (place: Place) => string | undefined
}

/** The events of a run, by whose they are. */
export interface SortedEvents {
  readonly boot: readonly AppEvent[]
  readonly timers: readonly AppEvent[]
  of(request: number): readonly AppEvent[]
}

export function sortEvents(events: readonly AppEvent[]): SortedEvents {
  const byRequest = Map.groupBy(events, ({ request }) => request)
  return {
    boot: byRequest.get(0) ?? [],
    timers: events.filter(({ request }) => request < -1),
    of: (request) => byRequest.get(request) ?? [],
  }
}
