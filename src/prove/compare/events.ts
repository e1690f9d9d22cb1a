// Events of streams that stay open. When one comes depends on the moment, and so does how many there are of what a clock sends: what is
// compared is whether a client heard of what steps of the flow caused, each time, on one instance alone.
import type { Difference } from '../finding.ts'
import type { Heard } from '../flow/flow.ts'
import { EventText } from '../drive/event-text.ts'
import type { Observation, StreamEvent, StreamLog, Trace } from '../trace.ts'
import { settle } from './volatile.ts'

/** What another run must have for each event of the reference that came after its stream was opened; undefined: nothing. */
export type Demand = 'same' | 'alike' | undefined

/** In the words that other runs are compared by. */
export function settledText({ text, atMs }: StreamEvent): string {
  return settle(text, atMs)
}

/** The text without what may be drawn or counted. */
export function shapeOf(settled: string): string {
  return settled
    .replaceAll(/[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}/gi, '#')
    .replaceAll(/[\w-]*\d[\w-]*/g, (word) => (/^-?\d+$/.test(word) || word.length >= 5 ? '#' : word))
    .replaceAll(/#(?:[.,]#)+/g, '#')
}

/** What no step caused, by its name: sent so that the connection is not taken for dead, or by the clock. */
const beat =
  /^(?:"|\{\s*"(?:type|event|kind)"\s*:\s*")?(?:ping|pong|heart-?_?beat|keep-?_?alive|tick|clock|time)\b/i

/** Those that came after the opening of their stream was answered. */
export function laterEvents({ step, events }: StreamLog): readonly StreamEvent[] {
  return events.filter(({ after }) => after > step)
}

export function streamOf({ streams = [] }: Trace, step: number): StreamLog | undefined {
  return streams.find((log) => log.step === step)
}

/** Those that greeted whoever opened the stream. */
export function greetings({ events }: StreamLog): readonly StreamEvent[] {
  return events.filter(({ isGreeting }) => isGreeting)
}

/** What other runs must have of a stream: of each of its greetings, and of each of its later events. */
export interface Demands {
  readonly greetings: readonly Demand[]
  readonly later: readonly Demand[]
}

export function learnDemands(reference: StreamLog, others: readonly (StreamLog | undefined)[]): Demands {
  const of = (view: (log: StreamLog) => readonly StreamEvent[]): readonly Demand[] =>
    demandsOf(
      view(reference),
      others.map((log) => (log === undefined ? [] : view(log))),
    )
  return { greetings: of(greetings), later: of(laterEvents) }
}

/**
 * Of each event of the reference. Demanded is what came in every run, as it was or alike but for its numbers and ids. Nothing is of a sort
 * that does not come after the same steps each time, and as often: that is of the clock.
 */
function demandsOf(
  events: readonly StreamEvent[],
  others: readonly (readonly StreamEvent[])[],
): readonly Demand[] {
  const own = events.map(readEvent)
  const theirs = others.map((other) => other.map(readEvent))
  const found = theirs.map((other) => matches(own, other))
  const isUneven = (shape: string): boolean =>
    theirs.some((other) => stepsOf(shape, own) !== stepsOf(shape, other))
  const shapes = new Set(own.map(({ shape }) => shape))
  const uneven = new Set([...shapes].filter(isUneven))
  return events.map((event, index): Demand => {
    if (beat.test(event.text) || uneven.has(own[index]?.shape ?? '')) return undefined
    const demands = new Set(found.map((each) => each[index]))
    if (demands.has(undefined)) return undefined
    return demands.has('alike') ? 'alike' : 'same'
  })
}

/** An event in the words that it is compared by. */
interface ReadEvent {
  readonly after: number
  readonly settled: string
  readonly shape: string
}

function readEvent(event: StreamEvent): ReadEvent {
  const settled = settledText(event)
  return { after: event.after, settled, shape: shapeOf(settled) }
}

/** After which steps events of a sort came. */
function stepsOf(shape: string, events: readonly ReadEvent[]): string {
  const own = events.filter((event) => event.shape === shape)
  return own.map(({ after }) => after).join(' ')
}

/** Each with one of its own in the other run, after the same step: the same ones first. */
function matches(events: readonly ReadEvent[], others: readonly ReadEvent[]): readonly Demand[] {
  const left = new Set(others)
  const take = (event: ReadEvent, view: 'settled' | 'shape'): boolean => {
    const its = [...left].find((other) => other.after === event.after && other[view] === event[view])
    return its !== undefined && left.delete(its)
  }
  const same = events.map((event) => take(event, 'settled'))
  return events.map((event, index) => {
    if (same[index] === true) return 'same'
    return take(event, 'shape') ? 'alike' : undefined
  })
}

/** Demanded later events that did not come in another run, at `step`. When they came does not matter. */
export function laterDifferences(
  step: number,
  reference: StreamLog,
  { later }: Demands,
  other: StreamLog,
): readonly Difference[] {
  const left = other.events.map(settledText)
  // What was there from the beginning is none of what came later.
  for (const event of reference.events.filter(({ after }) => after <= reference.step))
    takeOf(left, settledText(event))
  return missing(step, laterEvents(reference), later, left)
}

/** Demanded greetings that did not come in another run: they are part of the answer. */
export function greetingDifferences(
  reference: StreamLog,
  demands: Demands,
  other: StreamLog,
): readonly Difference[] {
  return missing(reference.step, greetings(reference), demands.greetings, other.events.map(settledText))
}

function missing(
  step: number,
  events: readonly StreamEvent[],
  demands: readonly Demand[],
  left: string[],
): readonly Difference[] {
  const wanted = events.map((event, index) => {
    const text = settledText(event)
    return { event, text, isThere: takeOf(left, text), demand: demands[index], index }
  })
  return wanted.flatMap(({ event, text, isThere, demand, index }) => {
    if (isThere || demand === undefined) return []
    const alike = left.find((one) => shapeOf(one) === shapeOf(text))
    if (demand === 'alike' && alike !== undefined) {
      takeOf(left, alike)
      return []
    }
    const [expected, actual] = [short(event.text), short(alike ?? '(nothing)')]
    return [{ step, where: `event ${index + 1}`, expected, actual }]
  })
}

/** Whether it was there; then it is no longer. */
function takeOf(left: string[], text: string): boolean {
  const at = left.indexOf(text)
  if (at >= 0) left.splice(at, 1)
  return at >= 0
}

/** Of an answer that was a stream, and had ended. */
export function endedStream({ step, headers, body, startedAtMs }: Observation): StreamLog {
  const text = new EventText(headers['content-type']?.[0] ?? '').add(
    `${Buffer.from(body).toString('utf8')}\n\n`,
  )
  const events = text.map((one) => ({ text: one, after: step, isGreeting: true, atMs: startedAtMs }))
  return { step, events }
}

function short(text: string): string {
  return text.length > 160 ? `${text.slice(0, 160)}…` : text
}

/** Whether all of these came, each for itself: as they were, or alike and not before the step that they came after. */
export function haveCome(heard: readonly Heard[], events: readonly StreamEvent[]): boolean {
  const left = events.map((event) => ({ after: event.after, text: settledText(event) }))
  return heard.every(({ text, after }) => {
    const same = left.findIndex((one) => one.text === text)
    const at =
      same >= 0 ? same : left.findIndex((one) => one.after >= after && shapeOf(one.text) === shapeOf(text))
    if (at >= 0) left.splice(at, 1)
    return at >= 0
  })
}
