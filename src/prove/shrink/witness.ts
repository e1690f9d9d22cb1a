// The fewest steps that show a difference: tried from what the reader plainly needs, and else by leaving steps out of all of them.
import { asksAnew, isWrite } from '../drive/schedule.ts'
import type { Flow } from '../flow/flow.ts'
import { variablesOf } from '../flow/variables.ts'

export interface WitnessSearch {
  readonly flow: Flow
  readonly writer: number | undefined
  readonly reader: number
  /** Whether these steps alone show it; undefined: cannot tell any more. */
  readonly shows: (steps: readonly number[]) => Promise<boolean | undefined>
  readonly attempts: number
}

/** Always a set that has shown it, in the order of the flow; the steps up to the reader, where nothing smaller did. */
export async function findWitness(search: WitnessSearch): Promise<readonly number[]> {
  const { flow, reader } = search
  const attempts = new Attempts(search)
  for (const steps of guesses(search)) if (await attempts.shows(steps)) return steps
  const all = flow.steps.slice(0, reader + 1).map((_, index) => index)
  return leaveOut(attempts, search, all)
}

class Attempts {
  readonly #search: WitnessSearch
  #left: number

  constructor(search: WitnessSearch) {
    this.#search = search
    this.#left = search.attempts
  }

  get left(): number {
    return this.#left
  }

  async shows(steps: readonly number[]): Promise<boolean> {
    if (this.#left <= 0) return false
    this.#left -= 1
    return (await this.#search.shows(steps)) === true
  }
}

/** Writer and reader with what they capture from; then with all that their clients wrote before. */
function guesses({ flow, writer, reader }: WitnessSearch): readonly (readonly number[])[] {
  const pair = writer === undefined ? [reader] : [writer, reader]
  const bare = withProducers(flow, pair)
  const clients = new Set(bare.map((index) => clientOf(flow, index)))
  const wrote = flow.steps.flatMap((step, index) => {
    return index < reader && isWrite(step) && clients.has(clientOf(flow, index)) ? [index] : []
  })
  const fuller = withProducers(flow, [...bare, ...wrote])
  const whole = reader + 1
  return [bare, fuller].filter((steps, at, both) => {
    return steps.length < whole && (at === 0 || steps.length !== both[0]?.length)
  })
}

/** The steps, and all earlier ones that captured what they use. */
export function withProducers(flow: Flow, steps: readonly number[]): readonly number[] {
  const needed = new Set(steps)
  const open = [...steps]
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    const step = flow.steps[index]
    if (step === undefined) continue
    for (const producer of [
      ...socketOpening(flow, index),
      ...variablesOf(step).map(({ name }) => producerOf(flow, name, index ?? 0)),
    ]) {
      if (producer === undefined || needed.has(producer)) continue
      needed.add(producer)
      open.push(producer)
    }
  }
  return [...needed].toSorted((a, b) => a - b)
}

function producerOf(flow: Flow, name: string, before: number): number | undefined {
  const index = flow.steps.slice(0, before).findLastIndex((step) => {
    return step.kind === 'http' && Object.hasOwn(step.capture, name)
  })
  return index < 0 ? undefined : index
}

function socketOpening(flow: Flow, index: number): readonly number[] {
  const step = flow.steps[index]
  if (step?.kind !== 'websocket' || step.action.do === 'connect') return []
  if (step.stream !== undefined) return [step.stream]
  const opening = flow.steps.slice(0, index).findLastIndex((other) => {
    return (
      other.kind === 'websocket' &&
      other.socket === step.socket &&
      other.client === step.client &&
      asksAnew(other)
    )
  })
  return opening < 0 ? [] : [opening]
}

function clientOf(flow: Flow, index: number): string | undefined {
  const step = flow.steps[index]
  return step === undefined || step.kind === 'wait' ? undefined : step.client
}

/** Leaves out halves, then quarters, as long as the rest still shows it and attempts are left (ddmin, Zeller 2002). */
async function leaveOut(
  attempts: Attempts,
  { flow, writer, reader }: WitnessSearch,
  all: readonly number[],
): Promise<readonly number[]> {
  let kept = all
  for (let parts = 2; attempts.left > 0 && parts <= 8; parts *= 2) {
    const fixed = new Set(withProducers(flow, writer === undefined ? [reader] : [writer, reader]))
    const free = kept.filter((index) => !fixed.has(index))
    for (const out of inParts(free, parts)) {
      const rest = withProducers(
        flow,
        kept.filter((index) => !out.has(index)),
      )
      if (rest.length < kept.length && (await attempts.shows(rest))) kept = rest
    }
  }
  return kept
}

function inParts(indices: readonly number[], parts: number): readonly ReadonlySet<number>[] {
  const size = Math.max(1, Math.ceil(indices.length / parts))
  const count = Math.ceil(indices.length / size)
  return Array.from({ length: count }, (_, part) => new Set(indices.slice(part * size, (part + 1) * size)))
}
