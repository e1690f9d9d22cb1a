// Lays a run beside the reference: what was answered otherwise, beyond what one single instance varies by itself.
import type { Difference } from '../finding.ts'
import type { Flow } from '../flow/flow.ts'
import type { Observation, Trace } from '../trace.ts'
import { endedStream, greetingDifferences, laterDifferences, streamOf } from './events.ts'
import { remainingSteps } from './limiter.ts'
import {
  isListening,
  isNoisyPlace,
  listenedStream,
  observationOf,
  quiet,
  withoutStreams,
  type Noise,
  type StepNoise,
  type TextNoise,
} from './noise.ts'
import { placesOf, type Places } from './places.ts'
import { asVisitorsSaw } from './revalidated.ts'
import { hunksOf, plain, tokensOf, type Hunk, type Token } from './tokens.ts'

/** In the order of steps, the most telling of each step first. Steps the other run did not come to are not compared. */
export function compareTraces(
  flow: Flow,
  reference: Trace,
  other: Trace,
  noise: Noise,
): readonly Difference[] {
  const comparison = new Comparison(noise)
  const theirs = asVisitorsSaw(other, flow)
  for (const observation of asVisitorsSaw(reference, flow).observations) {
    const its = observationOf(theirs, observation.step)
    if (its !== undefined && !isListening(flow, its.step))
      comparison.compare(...withoutStreams(reference, observation, theirs, its))
  }
  return [
    ...comparison.differences(),
    ...streamDifferences(flow, reference, other, noise),
    ...limiterDifferences(flow, reference, other, noise),
  ].toSorted((one, two) => one.step - two.step)
}

/** What streams did not give out: as they were opened, and later, where that was listened for. */
function streamDifferences(flow: Flow, reference: Trace, other: Trace, noise: Noise): readonly Difference[] {
  return other.observations.flatMap((observation) => {
    const { step: index, status } = observation
    const listened = listenedStream(flow, index)
    const opening = listened ?? index
    const ours = streamOf(reference, opening)
    const demands = noise.streams.get(opening)
    if (ours === undefined || demands === undefined) return []
    const theirs = streamOf(other, opening)
    if (listened !== undefined)
      return theirs === undefined ? [] : laterDifferences(index, ours, demands, theirs)
    if (status !== observationOf(reference, index)?.status) return []
    return greetingDifferences(ours, demands, theirs ?? endedStream(observation))
  })
}

/** A value that stands for another run's own, where both were seen. */
interface Renamed {
  readonly step: number
  readonly where: string
  readonly value: string
  readonly other: string
}

class Comparison {
  readonly #noise: Noise
  readonly #differences: Difference[] = []
  readonly #renamed: Renamed[] = []

  constructor(noise: Noise) {
    this.#noise = noise
  }

  compare(one: Observation, two: Observation): void {
    const noise = this.#noise.steps.get(one.step) ?? quiet
    if (noise.ignored) return
    const places = placesOf(one, noise.unordered)
    const others = placesOf(two, noise.unordered)
    if (places.get('status') === others.get('status')) this.#comparePlaces(one.step, places, others, noise)
    else
      this.#differences.push({
        step: one.step,
        where: 'status',
        expected: places.get('status') ?? '',
        actual: statusText(two, others),
      })
  }

  #comparePlaces(step: number, places: Places, others: Places, noise: StepNoise): void {
    for (const where of new Set([...places.keys(), ...others.keys()])) {
      if (isNoisyPlace(noise, where)) continue
      const [text, other] = [places.get(where), others.get(where)]
      if (text === undefined || other === undefined)
        this.#differences.push({ step, where, expected: short(text), actual: short(other) })
      else this.#compareText({ step, where }, text, other, noise.texts.get(where))
    }
  }

  #compareText(
    at: { readonly step: number; readonly where: string },
    text: string,
    other: string,
    noise: TextNoise | undefined,
  ): void {
    if (text === other && noise === undefined) return
    const [tokens, others] = [tokensOf(text), tokensOf(other)]
    const hunks = hunksOf(tokens, others)
    const guilty = hunks.find((hunk) => !isExcused(hunk, noise))
    if (guilty !== undefined)
      this.#differences.push({
        ...at,
        expected: excerpt(text, tokens, guilty.from, guilty.to),
        actual: excerpt(other, others, guilty.otherFrom, guilty.otherTo),
      })
    for (const position of noise?.alias ?? []) {
      const its = counterpart(position, hunks, tokens, others)
      if (its !== undefined)
        this.#renamed.push({ ...at, value: plain(tokens[position]?.text ?? ''), other: plain(its) })
    }
  }

  differences(): readonly Difference[] {
    return [...this.#differences, ...renamingDifferences(this.#renamed)]
  }
}

/** A difference that lies wholly within noise. Where both sides have as many tokens, each is judged by itself. */
function isExcused({ from, to, otherFrom, otherTo }: Hunk, noise: TextNoise | undefined): boolean {
  if (noise === undefined) return false
  const isNoise = (position: number): boolean => noise.free.has(position) || noise.alias.has(position)
  if (from === to) return noise.gaps.has(from) || noise.free.has(from) || noise.free.has(from - 1)
  for (let position = from; position < to; position += 1) if (!isNoise(position)) return false
  return (
    to - from === otherTo - otherFrom ||
    noise.gaps.has(from) ||
    noise.free.has(from) ||
    noise.free.has(to - 1)
  )
}

/** What the other run has at a position of the reference; undefined where that cannot be told. */
function counterpart(
  position: number,
  hunks: readonly Hunk[],
  tokens: readonly Token[],
  others: readonly Token[],
): string | undefined {
  const hunk = hunks.find(({ from, to }) => from <= position && position < to)
  if (hunk === undefined) return tokens[position]?.text
  if (hunk.to - hunk.from !== hunk.otherTo - hunk.otherFrom) return undefined
  return others[hunk.otherFrom + position - hunk.from]?.text
}

/** One value of the reference must be one value throughout the other run. */
function renamingDifferences(renamed: readonly Renamed[]): readonly Difference[] {
  const to = new Map<string, Renamed>()
  const differences: Difference[] = []
  for (const one of renamed) {
    const first = to.get(one.value)
    if (first === undefined) to.set(one.value, one)
    else if (first.other !== one.other)
      differences.push({
        step: one.step,
        where: one.where,
        expected: `the same as at ${first.where} of step ${first.step + 1} (${first.other})`,
        actual: one.other,
      })
  }
  return differences
}

function limiterDifferences(flow: Flow, reference: Trace, other: Trace, noise: Noise): readonly Difference[] {
  if (!noise.limiterIsSteady) return []
  const ours = remainingSteps(reference, flow)
  const theirs = new Map(remainingSteps(other, flow).steps.map((one) => [one.step, one]))
  for (const { step, remaining, change } of ours.steps) {
    const its = theirs.get(step)
    if (its !== undefined && its.change !== change)
      return [
        {
          step,
          where: 'header ratelimit-remaining',
          expected: `${remaining} (${signed(change)})`,
          actual: `${its.remaining} (${signed(its.change)})`,
        },
      ]
  }
  return []
}

function signed(change: number): string {
  return change > 0 ? `+${change}` : String(change)
}

const shortLength = 160

function short(text: string | undefined): string {
  if (text === undefined) return '(nothing)'
  return text.length > shortLength ? `${text.slice(0, shortLength)}…` : text
}

/** With a few words around it, so that a reader finds it. */
function excerpt(text: string, tokens: readonly Token[], from: number, to: number): string {
  if (text.length <= shortLength) return text
  const start = tokens[Math.max(0, from - 3)]?.start ?? 0
  const end = tokens[Math.min(tokens.length, to + 3) - 1]?.end ?? text.length
  return short(text.slice(start, Math.max(start, end)))
}

/** A status alone says little: where it sends to, or what it complains of. */
function statusText({ status, body }: Observation, places: Places): string {
  const to = places.get('header location')
  if (to !== undefined) return `${status} to ${to}`
  const said = Buffer.from(body.subarray(0, 400))
    .toString('utf8')
    .replaceAll(/<[^>]*>|\s+/g, ' ')
    .trim()
  return said === '' || said.includes('\u0000') ? (places.get('status') ?? '') : `${status}: ${short(said)}`
}
