// What differs between runs on one single instance: of that no other run may be accused.
import type { Flow } from '../flow/flow.ts'
import type { Observation, Trace } from '../trace.ts'
import { type Demands, learnDemands, streamOf } from './events.ts'
import { parseJson } from '../json.ts'
import { pathName, placesOf, type Places } from './places.ts'
import { remainingSteps } from './limiter.ts'
import { asVisitorsSaw } from './revalidated.ts'
import { routeOf } from './routes.ts'
import { hunksOf, plain, tokensOf } from './tokens.ts'

/** Noise of one place's text, as positions of the reference's tokens. */
export interface TextNoise {
  /** Says something else in each run. */
  readonly free: ReadonlySet<number>
  /** Another value in each run, but wherever the reference repeats its value, every run repeats its own: an id, a process's name. */
  readonly alias: ReadonlySet<number>
  /** Before these, other runs have more. */
  readonly gaps: ReadonlySet<number>
}

export interface StepNoise {
  /** Its status itself is not the same each time: nothing about it is compared. */
  readonly ignored: boolean
  /** Places that are not there each time. */
  readonly places: ReadonlySet<string>
  /** Beginnings of places of which there is another number each time. */
  readonly lists: readonly string[]
  readonly unordered: ReadonlySet<string>
  readonly texts: ReadonlyMap<string, TextNoise>
}

export interface Noise {
  readonly steps: ReadonlyMap<number, StepNoise>
  /** Of each stream of events, by the step that opened it. */
  readonly streams: ReadonlyMap<number, Demands>
  /** Whether what rate limiters have left went the same way in every baseline. */
  readonly limiterIsSteady: boolean
}

export const quiet: StepNoise = {
  ignored: false,
  places: new Set(),
  lists: [],
  unordered: new Set(),
  texts: new Map(),
}

/** The first baseline is the reference that other runs are compared with. Of a single one nothing can be learnt. */
export function learnNoise(baselines: readonly Trace[], flow: Flow): Noise {
  const [reference, ...others] = baselines.map((baseline) => asVisitorsSaw(baseline, flow))
  if (reference === undefined) return { steps: new Map(), streams: new Map(), limiterIsSteady: true }
  const learner = new Learner()
  for (const [run, other] of others.entries())
    for (const { step } of reference.observations)
      if (!isListening(flow, step)) learner.look(run, step, reference, other)
  const shape = remainingSteps(reference, flow)
  const steady = others.every((other) => remainingSteps(other, flow).shape === shape.shape)
  const streams = (reference.streams ?? []).map((log): [number, Demands] => {
    const theirs = others.map((other) => streamOf(other, log.step))
    return [log.step, learnDemands(log, theirs)]
  })
  const steps = alikeByRoute(flow, learner.steps(others.length))
  return { steps, streams: new Map(streams), limiterIsSteady: steady }
}

/** Whether a step is compared as events of a stream, and not as an answer. */
export function isListening(flow: Flow, index: number): boolean {
  return listenedStream(flow, index) !== undefined
}

/** The step that opened the stream that a step listens to; undefined for a step that listens to none. */
export function listenedStream(flow: Flow, index: number): number | undefined {
  const step = flow.steps[index]
  return step?.kind === 'websocket' && step.action.do === 'listen' ? (step.stream ?? -1) : undefined
}

/**
 * What is drawn by lot may come out the same in all baselines at one step: a value of which another step of the same route shows that it
 * varies is not compared at any of them. Not so a whole page, of which one word varies.
 */
function alikeByRoute(flow: Flow, steps: ReadonlyMap<number, StepNoise>): ReadonlyMap<number, StepNoise> {
  const varying = new Map<string, Set<string>>()
  for (const [step, { texts }] of steps) {
    const places = varying.get(routeOf(flow, step)) ?? new Set()
    varying.set(routeOf(flow, step), places)
    for (const [where, { free }] of texts)
      if (free.size > 0 && /^(?:body|header) /.test(where)) places.add(where)
  }
  return new Map(
    [...steps].map(([step, noise]): [number, StepNoise] => {
      const places = new Set([...noise.places, ...(varying.get(routeOf(flow, step)) ?? [])])
      return [step, { ...noise, places }]
    }),
  )
}

/** Steps of which nothing can be said, and all that were compared. */
export function instability(noise: Noise): { readonly ignored: number; readonly steps: number } {
  const all = [...noise.steps.values()]
  return { ignored: all.filter(({ ignored }) => ignored).length, steps: all.length }
}

/** Whether baselines disagree in anything that is not known to be volatile. */
export function isNoisy(noise: Noise): boolean {
  const isSteady = ({ greetings, later }: Demands): boolean =>
    [...greetings, ...later].every((demand) => demand === 'same')
  if (![...noise.streams.values()].every(isSteady)) return true
  return [...noise.steps.values()].some(
    ({ ignored, places, lists, texts }) => ignored || places.size > 0 || lists.length > 0 || texts.size > 0,
  )
}

/** Both observations of a step; where one of them was a stream, without what it began with: that is compared as events. */
export function withoutStreams(
  trace: Trace,
  one: Observation,
  other: Trace,
  two: Observation,
): readonly [Observation, Observation] {
  if (streamOf(trace, one.step) === undefined && streamOf(other, two.step) === undefined) return [one, two]
  const body = new Uint8Array()
  return [
    { ...one, body },
    { ...two, body },
  ]
}

export function observationOf(trace: Trace, step: number): Observation | undefined {
  return trace.observations.find((observation) => observation.step === step)
}

/** Whether a place is among those that are not there each time. */
export function isNoisyPlace(noise: StepNoise, where: string): boolean {
  return noise.places.has(where) || noise.lists.some((list) => where.startsWith(list))
}

/** A value at a position of the reference, and what another run has there. */
interface Pair {
  readonly run: number
  readonly step: number
  readonly where: string
  readonly position: number
  readonly value: string
  readonly other: string
}

interface Seen {
  ignored: boolean
  readonly places: Set<string>
  readonly lists: Set<string>
  readonly unordered: Set<string>
  readonly texts: Map<string, { free: Set<number>; gaps: Set<number> }>
}

class Learner {
  readonly #seen = new Map<number, Seen>()
  readonly #pairs: Pair[] = []

  look(run: number, step: number, reference: Trace, other: Trace): void {
    const seen = this.#seenOf(step)
    const one = observationOf(reference, step)
    const two = observationOf(other, step)
    if (one === undefined || two === undefined || one.status !== two.status) {
      seen.ignored = true
      return
    }
    for (const path of reorderedArrays(one, two)) seen.unordered.add(path)
    const [mine, its] = withoutStreams(reference, one, other, two)
    this.#compare(run, step, placesOf(mine, seen.unordered), placesOf(its, seen.unordered))
  }

  #compare(run: number, step: number, one: Places, two: Places): void {
    const seen = this.#seenOf(step)
    for (const where of new Set([...one.keys(), ...two.keys()])) {
      const [text, other] = [one.get(where), two.get(where)]
      if (text === other) continue
      if (text === undefined || other === undefined) seen.places.add(where)
      else if (where.endsWith('.length') || where.endsWith(' length')) {
        seen.lists.add(where.slice(0, -'length'.length))
      } else this.#compareText(run, step, where, text, other)
    }
  }

  #compareText(run: number, step: number, where: string, text: string, other: string): void {
    const [tokens, others] = [tokensOf(text), tokensOf(other)]
    const noise = this.#textOf(step, where)
    for (const { from, to, otherFrom, otherTo } of hunksOf(tokens, others)) {
      if (from === to) noise.gaps.add(from)
      for (let position = from; position < to; position += 1) {
        const value = plain(tokens[position]?.text ?? '')
        const its = plain(others[otherFrom + position - from]?.text ?? '')
        if (to - from === otherTo - otherFrom)
          this.#pairs.push({ run, step, where, position, value, other: its })
        else noise.free.add(position)
      }
    }
  }

  #seenOf(step: number): Seen {
    const seen = this.#seen.get(step) ?? {
      ignored: false,
      places: new Set(),
      lists: new Set(),
      unordered: new Set(),
      texts: new Map(),
    }
    this.#seen.set(step, seen)
    return seen
  }

  #textOf(step: number, where: string): { free: Set<number>; gaps: Set<number> } {
    const { texts } = this.#seenOf(step)
    const noise = texts.get(where) ?? { free: new Set(), gaps: new Set() }
    texts.set(where, noise)
    return noise
  }

  steps(runs: number): ReadonlyMap<number, StepNoise> {
    const aliases = this.#aliases(runs)
    const steps = [...this.#seen].map(([step, seen]): [number, StepNoise] => {
      const texts = [...seen.texts].map(([where, { free, gaps }]): [string, TextNoise] => {
        return [where, { free, gaps, alias: aliases.get(`${step} ${where}`) ?? new Set() }]
      })
      return [step, { ...seen, lists: [...seen.lists], texts: new Map(texts) }]
    })
    return new Map(steps)
  }

  /** Positions whose values were renamed consistently in every baseline; all other pairs become free. */
  #aliases(runs: number): ReadonlyMap<string, Set<number>> {
    const renaming = new Renaming()
    for (const { run, value, other } of this.#pairs) renaming.note(run, value, other)
    const consistent = new Map<string, number>()
    for (const { run, step, where, position, value, other } of this.#pairs) {
      const key = `${step} ${where}\n${position}`
      if (renaming.isOneToOne(run, value, other)) consistent.set(key, (consistent.get(key) ?? 0) + 1)
    }
    const aliases = new Map<string, Set<number>>()
    for (const { step, where, position } of this.#pairs) {
      const free = this.#textOf(step, where).free
      if (consistent.get(`${step} ${where}\n${position}`) !== runs) free.add(position)
      if (free.has(position)) continue
      const key = `${step} ${where}`
      aliases.set(key, (aliases.get(key) ?? new Set()).add(position))
    }
    return aliases
  }
}

/** Which value of the reference is which in each other run. */
class Renaming {
  readonly #to = new Map<string, Set<string>>()
  readonly #from = new Map<string, Set<string>>()

  note(run: number, value: string, other: string): void {
    const [to, from] = [`${run} ${value}`, `${run} ${other}`]
    this.#to.set(to, (this.#to.get(to) ?? new Set()).add(other))
    this.#from.set(from, (this.#from.get(from) ?? new Set()).add(value))
  }

  isOneToOne(run: number, value: string, other: string): boolean {
    return this.#to.get(`${run} ${value}`)?.size === 1 && this.#from.get(`${run} ${other}`)?.size === 1
  }
}

/** Paths of arrays, in both bodies, that have the same items in another order. */
function reorderedArrays(one: Observation, two: Observation): readonly string[] {
  const [left, right] = [one, two].map(({ body }) => parseJson(Buffer.from(body).toString('utf8')))
  return left === undefined || right === undefined ? [] : reordered(left, right, [])
}

function reordered(one: unknown, two: unknown, path: readonly string[]): readonly string[] {
  if (typeof one !== 'object' || typeof two !== 'object' || one === null || two === null) return []
  if (Array.isArray(one) && Array.isArray(two)) {
    const [left, right] = [one, two].map((items) => items.map((item) => JSON.stringify(item)))
    const inOrder = left?.join(',') === right?.join(',')
    if (!inOrder && left?.toSorted().join(',') === right?.toSorted().join(',')) return [pathName(path)]
  }
  const others = new Map(Object.entries(two))
  return Object.entries(one).flatMap(([key, inner]) => reordered(inner, others.get(key), [...path, key]))
}
