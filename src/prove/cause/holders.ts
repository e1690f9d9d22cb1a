// Which of the things that were written is the one the reader missed.
import type { CodePlace } from '../finding.ts'
import type { AppEvent, Place } from '../instrument/event.ts'
import type { Clues } from './clues.ts'
import { isLeftOut } from '../prescan/sources.ts'
import { caches, isAmong } from './packages.ts'

/** A write, and how well it explains what the reader answered. */
export interface Suspect {
  readonly event: AppEvent
  /** The reader reads or changes it too. */
  readonly isRead: boolean
  /** The reader changes it too, as book-keeping is changed by every request. */
  readonly isWrittenByReader: boolean
}

/** The likeliest first. */
export function memorySuspects({ writers, reader, isOfSources }: Clues): readonly Suspect[] {
  return rank(
    writers.flatMap(({ events }) => events),
    reader.events,
    isOfSources,
  )
}

/** Written by timers of the app, and read by the reader. */
export function timerSuspects({ timers, reader }: Clues): readonly Suspect[] {
  return rank(timers, reader.events).filter(({ isRead }) => isRead)
}

/** Written as a stream of events was opened, and read by requests since. */
export function listenerSuspects({ reader, run }: Clues): readonly Suspect[] {
  const others = run.filter((event) => !reader.events.includes(event))
  return rank(reader.events, others).filter(({ isRead }) => isRead)
}

function rank(
  written: readonly AppEvent[],
  seen: readonly AppEvent[],
  isOfSources: NonNullable<Clues['isOfSources']> = () => false,
): readonly Suspect[] {
  const reads = readPlaces(seen)
  const writes = new Set(seen.filter(({ event }) => event === 'write').map(placeKey))
  const suspects = written
    .filter(({ event, declaredAt }) => event === 'write' && declaredAt !== undefined)
    .map((event) => ({
      event,
      isRead: reads.has(placeKey(event)),
      isWrittenByReader: writes.has(placeKey(event)),
    }))
  const passing = passingHolders(suspects.map(({ event }) => event))
  const routine = routineHolders(
    suspects.map(({ event }) => event),
    seen,
  )
  const worth = (suspect: Suspect): number =>
    score(suspect) -
    (passing.has(placeKey(suspect.event)) ? 3 : 0) -
    (routine.has(placeKey(suspect.event)) ? 2.5 : 0) -
    (isBuilt(suspect.event) && !isOfSources(suspect.event) ? 0.75 : 0)
  // The order of writing decides between equals.
  const ranked = suspects.map((suspect) => ({ suspect, worth: worth(suspect) }))
  return ranked.toSorted((a, b) => b.worth - a.worth).map(({ suspect }) => suspect)
}

/** A build has taken in what its framework keeps for itself, too. */
function isBuilt({ declaredAt }: AppEvent): boolean {
  return declaredAt !== undefined && isLeftOut(declaredAt.file)
}

/** What a request puts somewhere and takes away again in the end, such as itself among what is under way. */
function passingHolders(writes: readonly AppEvent[]): ReadonlySet<string> {
  const passing = [...Map.groupBy(writes, placeKey)].filter(([, own]) => {
    const details = own.map(({ detail }) => detail ?? '')
    return /^(?:add|set|push)$/.test(details[0] ?? '') && /^(?:delete|pop|shift)$/.test(details.at(-1) ?? '')
  })
  return new Set(passing.map(([key]) => key))
}

/** What the reader does not read, and both requests write on one line: so does every request, such as a counter of them. */
function routineHolders(written: readonly AppEvent[], seen: readonly AppEvent[]): ReadonlySet<string> {
  const read = new Set(seen.flatMap(({ reads }) => (reads ?? []).map(({ declaredAt }) => keyOf(declaredAt))))
  const lines = new Set(written.map(writeKey))
  const both = seen.filter((event) => event.event === 'write' && lines.has(writeKey(event)))
  return new Set(both.map(placeKey).filter((key) => !read.has(key)))
}

function writeKey(event: AppEvent): string {
  return `${placeKey(event)} ${event.writtenAt === undefined ? '' : keyOf(event.writtenAt)}`
}

function placeKey({ declaredAt }: AppEvent): string {
  return declaredAt === undefined ? '' : keyOf(declaredAt)
}

/** Names that tell of book-keeping beside what the request is for. */
const beside =
  /(?:^|[._])(?:logs?|metrics?|stats?|requests?|total_?requests|request_?count|last_?(?:seen|request))$/i

/** Between equals, a variable of the app's own comes before what may be only the client of a database elsewhere. */
function score({ event, isRead, isWrittenByReader }: Suspect): number {
  const isClient = event.package !== undefined && !isAmong(event, caches)
  const isBeside = beside.test(event.holder ?? '')
  return (isRead ? 2 : 0) - (isBeside ? 1 : 0) - (isClient || isWrittenByReader ? 0.5 : 0)
}

/** Every place of which something was declared that these events read or change. */
export function readPlaces(events: readonly AppEvent[]): ReadonlySet<string> {
  const reads = events.flatMap((event) => event.reads?.map(({ declaredAt }) => declaredAt) ?? [])
  const writes = events.flatMap(({ event, declaredAt }) =>
    event === 'write' && declaredAt !== undefined ? [declaredAt] : [],
  )
  return new Set([...reads, ...writes].map(keyOf))
}

export function keyOf({ file, line, column }: Place): string {
  return `${file}:${line}${column === undefined ? '' : `:${column}`}`
}

export function codePlace(place: Place | undefined, textOf: Clues['textOf']): CodePlace | undefined {
  if (place === undefined) return undefined
  return { ...place, text: textOf(place) }
}

/** Of what was made at boot, the variable that these requests read: the one it was kept in, or one made of that. */
export function keptAs(event: AppEvent, reads: ReadonlySet<string>): AppEvent | undefined {
  const { declaredAt, reads: made = [] } = event
  if (declaredAt !== undefined && reads.has(keyOf(declaredAt))) return event
  const derived = made.find((each) => reads.has(keyOf(each.declaredAt)))
  return derived === undefined
    ? undefined
    : { ...event, holder: derived.holder, declaredAt: derived.declaredAt }
}

/** The first of them that these requests read, as `keptAs` has it. */
export function keptOf(events: readonly AppEvent[], reads: ReadonlySet<string>): AppEvent | undefined {
  for (const event of events) {
    const kept = keptAs(event, reads)
    if (kept !== undefined) return kept
  }
  return undefined
}

/** Where these requests read it. */
export function readPlace({ declaredAt }: AppEvent, events: readonly AppEvent[]): Place | undefined {
  if (declaredAt === undefined) return undefined
  const reads = events.flatMap((event) => event.reads ?? [])
  return reads.find((read) => read.readAt !== undefined && keyOf(read.declaredAt) === keyOf(declaredAt))
    ?.readAt
}
