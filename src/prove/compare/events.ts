// Events of streams that stay open. When one comes depends on the moment, and so does how many there are of what a clock sends: what is
// compared is whether a client heard of what steps of the flow caused, each time, on one instance alone.
import type { Difference } from '../finding.ts'
import type { Heard } from '../flow/flow.ts'
import type { StreamEvent, StreamLog, Trace } from '../trace.ts'
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

/**
 * Of each later event of the reference. Demanded is what came after the same step in every run, and as it was or alike but for its numbers and
 * ids; of what there is another number each time, nothing.
 */
export function learnDemands(
  reference: StreamLog,
  others: readonly (StreamLog | undefined)[],
): readonly Demand[] {
  const events = laterEvents(reference)
  const shapes = events.map((event) => shapeOf(settledText(event)))
  const found = others.map((log) => (log === undefined ? [] : matches(events, laterEvents(log))))
  const isUneven = (shape: string): boolean =>
    others.some((log) => log === undefined || countOf(shape, events) !== countOf(shape, laterEvents(log)))
  const uneven = new Set(shapes.filter(isUneven))
  return events.map((event, index): Demand => {
    if (beat.test(event.text) || uneven.has(shapes[index] ?? '')) return undefined
    const demands = found.map((each) => each[index])
    if (demands.includes(undefined)) return undefined
    return demands.includes('alike') ? 'alike' : 'same'
  })
}

function countOf(shape: string, events: readonly StreamEvent[]): number {
  return events.filter((event) => shapeOf(settledText(event)) === shape).length
}

/** Each with one of its own in the other run, after the same step: the same ones first. */
function matches(events: readonly StreamEvent[], others: readonly StreamEvent[]): readonly Demand[] {
  const left = new Set(others)
  const take = (event: StreamEvent, view: (one: StreamEvent) => string): boolean => {
    const its = [...left].find((other) => other.after === event.after && view(other) === view(event))
    return its !== undefined && left.delete(its)
  }
  const same = events.map((event) => take(event, settledText))
  return events.map((event, index) => {
    if (same[index] === true) return 'same'
    return take(event, (one) => shapeOf(settledText(one))) ? 'alike' : undefined
  })
}

/** Demanded events that did not come in another run, at `step`. When they came does not matter. */
export function eventDifferences(
  step: number,
  reference: StreamLog,
  demands: readonly Demand[],
  other: StreamLog,
): readonly Difference[] {
  const left = other.events.map(settledText)
  const take = (isMeant: (text: string) => boolean): boolean => {
    const at = left.findIndex(isMeant)
    if (at >= 0) left.splice(at, 1)
    return at >= 0
  }
  // What was there from the beginning is none of what came later.
  for (const event of reference.events.filter(({ after }) => after <= reference.step))
    take((text) => text === settledText(event))
  const events = laterEvents(reference).map((event, index) => {
    const text = settledText(event)
    return { event, text, isThere: take((one) => one === text), demand: demands[index], index }
  })
  return events.flatMap(({ event, text, isThere, demand, index }) => {
    if (isThere || demand === undefined) return []
    const alike = left.find((one) => shapeOf(one) === shapeOf(text))
    if (demand === 'alike' && take((one) => one === alike)) return []
    return [
      { step, where: `event ${index + 1}`, expected: short(event.text), actual: short(alike ?? '(nothing)') },
    ]
  })
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
