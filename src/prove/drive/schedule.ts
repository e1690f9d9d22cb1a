// Which instance answers which step. A client's request is never on the instance of its request before, and over several schedules
// every two requests are apart at least once, where the number of instances allows it.
import type { Flow, Step } from '../flow/flow.ts'
import { seededRandom } from '../../base/random.ts'

/** Where a step is answered. */
export interface Place {
  /** From 1. */
  readonly instance: number
  /** SIGKILL and a new start before it; in restart mode only. */
  readonly restart: boolean
}

/**
 * The place of each step, by its index; undefined: the step is left out. Steps beyond its end are left out too. Waits and all steps of a
 * WebSocket but its opening have one, which nobody looks at; of a stream of events it is that of its opening.
 */
export type Schedule = readonly (Place | undefined)[]

/** All on the one instance there is. */
export function singleSchedule(flow: Flow): Schedule {
  return flow.steps.map(() => ({ instance: 1, restart: false }))
}

/**
 * A restart before each request but the first; of those from `finalReads` on, only before the first. A killed instance drops its
 * WebSockets, which proves nothing: none while one is open. So it drops streams of events, which stay open to the end of a flow: what is
 * expected of them is left out.
 */
export function restartSchedule(flow: Flow, finalReads: number = flow.steps.length): Schedule {
  const open = new Set<string>()
  let asked = false
  return flow.steps.map((step, index) => {
    if (isOfStream(flow, index)) return undefined
    const restart = asked && open.size === 0 && asksAnew(step) && index <= finalReads
    asked ||= asksAnew(step)
    noteSocket(open, step)
    return { instance: 1, restart }
  })
}

/** Whether a step is about a stream of events: what it expects comes on no WebSocket that its client has open. */
function isOfStream({ steps }: Flow, index: number): boolean {
  const step = steps[index]
  if (step?.kind !== 'websocket' || step.action.do === 'connect') return false
  if (step.action.do === 'listen') return true
  const own = steps.slice(0, index).findLast((one) => {
    if (one.kind !== 'websocket' || one.client !== step.client || one.socket !== step.socket) return false
    return one.action.do === 'connect' || one.action.do === 'close'
  })
  return step.action.do === 'expect' && (own?.kind !== 'websocket' || own.action.do === 'close')
}

/** Whether a restart lies between what `writer` did (undefined: whatever was done before) and the answer of `reader`. */
export function isParted(schedule: Schedule, writer: number | undefined, reader: number): boolean {
  if (schedule[reader] === undefined) return false
  return schedule.slice((writer ?? -1) + 1, reader + 1).some((place) => place?.restart === true)
}

/** Whether a step opens a connection, and so may go to any instance. */
export function asksAnew(step: Step): boolean {
  return step.kind === 'http' || (step.kind === 'websocket' && step.action.do === 'connect')
}

function noteSocket(open: Set<string>, step: Step): void {
  if (step.kind !== 'websocket') return
  const key = `${step.client} ${step.socket}`
  if (step.action.do === 'connect') open.add(key)
  if (step.action.do === 'close') open.delete(key)
}

/**
 * `count` schedules over `instances` instances (at least 2), all from one seed. Each place is the one that adds most to what the
 * schedules have not shown yet: two requests apart; or, for what is read twice with a write between, the second read where the first was and
 * the write elsewhere, as a stale cache needs it.
 */
export function adversarialSchedules(
  flow: Flow,
  seed: number,
  count: number,
  instances: number,
): readonly Schedule[] {
  const random = seededRandom(seed)
  const seen: Seen = { apart: new Set(), revisited: new Set() }
  return Array.from({ length: count }, () => adversarialSchedule(flow, instances, random, seen))
}

interface Seen {
  readonly apart: Set<string>
  readonly revisited: Set<number>
}

function adversarialSchedule(flow: Flow, instances: number, random: () => number, seen: Seen): Schedule {
  const places: number[] = []
  const last = new Map<string, number>()
  for (const [index, step] of flow.steps.entries()) {
    const instance = asksAnew(step)
      ? choose(flow, index, places, last, instances, random, seen)
      : (places[openingOf(step) ?? -1] ?? 0)
    places.push(instance)
    if (instance === 0 || step.kind === 'wait' || !asksAnew(step)) continue
    last.set(step.client, instance)
    learn(flow, index, places, seen)
  }
  return places.map((instance) => ({ instance: Math.max(1, instance), restart: false }))
}

function choose(
  flow: Flow,
  index: number,
  places: readonly number[],
  last: ReadonlyMap<string, number>,
  instances: number,
  random: () => number,
  seen: Seen,
): number {
  const step = flow.steps[index]
  const own = step === undefined || step.kind === 'wait' ? undefined : last.get(step.client)
  const latest = places.findLast((place) => place > 0)
  const allowed = Array.from({ length: instances }, (_, at) => at + 1).filter((at) => at !== own)
  const worth = (at: number): number => {
    // Another client's request just before is next best to be apart from: it may be what this one reads.
    return gain(flow, index, places, at, seen) + (at === latest ? 0 : 0.5) + random() * 0.25
  }
  const worths = allowed.map((at) => ({ at, worth: worth(at) }))
  return worths.reduce((best, one) => (one.worth > best.worth ? one : best)).at
}

function gain(flow: Flow, index: number, places: readonly number[], at: number, seen: Seen): number {
  let sum = 0
  const opened = new Set(flow.steps.map(openingOf))
  for (const [earlier, place] of places.entries())
    if (place > 0 && place !== at && !seen.apart.has(pair(earlier, index)))
      sum += isWrite(flow.steps[earlier]) || opened.has(earlier) ? 1 : 0.25
  if (!seen.revisited.has(index) && isRevisit(flow, index, places, at)) sum += 1.5
  return sum
}

function learn(flow: Flow, index: number, places: readonly number[], seen: Seen): void {
  const at = places[index] ?? 0
  for (const [earlier, place] of places.slice(0, index).entries())
    if (place > 0 && place !== at) seen.apart.add(pair(earlier, index))
  if (isRevisit(flow, index, places, at)) seen.revisited.add(index)
}

/** The step that opened the stream of events which this one is about. */
function openingOf(step: Step): number | undefined {
  return step.kind === 'websocket' ? step.stream : undefined
}

function pair(earlier: number, later: number): string {
  return `${earlier} ${later}`
}

/** Whether the same was read at `at` before, and every write since then was elsewhere. */
function isRevisit(flow: Flow, index: number, places: readonly number[], at: number): boolean {
  const step = flow.steps[index]
  if (step?.kind !== 'http' || isWrite(step)) return false
  let wrote = false
  for (let earlier = index - 1; earlier >= 0; earlier -= 1) {
    const before = flow.steps[earlier]
    if (isWrite(before)) {
      if (places[earlier] === at) return false
      wrote = true
    } else if (before?.kind === 'http' && before.path === step.path && places[earlier] === at) return wrote
  }
  return false
}

/** Whether a step may change something, going by its method (RFC 9110 section 9.2.1). */
export function isWrite(step: Step | undefined): boolean {
  if (step === undefined || step.kind === 'wait') return false
  return step.kind === 'websocket' || !/^(GET|HEAD|OPTIONS|TRACE)$/i.test(step.method)
}
