// Finds the request whose place decides: which earlier one, moved to the reader's instance, makes the reader see what it should.
import { asksAnew, isWrite, type Place, type Schedule } from '../drive/schedule.ts'
import type { Flow } from '../flow/flow.ts'

export interface WriterSearch {
  readonly flow: Flow
  /** The schedule that shows the difference. */
  readonly schedule: Schedule
  readonly reader: number
  /** Steps already known to be writers of other findings: asked first. */
  readonly known: readonly number[]
  /** Whether the reader still differs under that schedule; undefined when it could not be run. */
  readonly differs: (schedule: Schedule) => Promise<boolean | undefined>
  /** Reruns at most. */
  readonly reruns: number
}

export interface WriterFound {
  /** Undefined: none was found. */
  readonly writer: number | undefined
  /** It differs even when one instance alone answers everything, while the others run idle; undefined: not known. */
  readonly differsAlone: boolean | undefined
}

/** By the fewest reruns that answer it: likely ones singly first, then all together, then halving. */
export async function findWriter(search: WriterSearch): Promise<WriterFound> {
  const { flow, schedule, reader } = search
  const isRestart = schedule.some((place) => place?.restart === true)
  const movable = isRestart ? restartCandidates(schedule, flow, reader) : candidates(schedule, flow, reader)
  const moves = new Moves(search, isRestart)
  if (movable.length === 0) return { writer: undefined, differsAlone: undefined }
  // All together first, beside the likeliest: where the difference stays, as with a server's name, nobody wrote it.
  const likely = isRestart ? [] : likelyFirst(flow, movable, search.known)
  const [alone, first] = await Promise.all([
    moves.differsWith(movable),
    likely[0] === undefined ? undefined : moves.differsWith([likely[0]]),
  ])
  if (alone !== false) return { writer: undefined, differsAlone: alone }
  if (first === false && likely[0] !== undefined) return { writer: likely[0], differsAlone: false }
  for (const one of likely.slice(1, 3))
    if ((await moves.differsWith([one])) === false) return { writer: one, differsAlone: false }
  return { writer: await halve(moves, movable, flow), differsAlone: false }
}

/**
 * The latest step from which on all have to be moved. Moving all is known to help. Where the reruns do not suffice, the first of what is
 * left that may have changed something.
 */
async function halve(moves: Moves, movable: readonly number[], flow: Flow): Promise<number | undefined> {
  let helps = 0
  let helpsNot = movable.length
  while (helpsNot - helps > 1) {
    const middle = (helps + helpsNot) >> 1
    const differs = await moves.differsWith(movable.slice(middle))
    if (differs === undefined)
      return movable.slice(helps, helpsNot).find((index) => isWrite(flow.steps[index]))
    if (differs) helpsNot = middle
    else helps = middle
  }
  return movable[helps]
}

class Moves {
  readonly #search: WriterSearch
  readonly #isRestart: boolean
  #left: number

  constructor(search: WriterSearch, isRestart: boolean) {
    this.#search = search
    this.#isRestart = isRestart
    this.#left = search.reruns
  }

  async differsWith(moved: readonly number[]): Promise<boolean | undefined> {
    if (this.#left <= 0) return undefined
    this.#left -= 1
    const { schedule, reader, differs } = this.#search
    const changed = this.#isRestart
      ? withoutRestarts(schedule, Math.min(...moved), reader)
      : movedTo(schedule, moved, schedule[reader]?.instance ?? 1)
    return differs(changed.slice(0, reader + 1))
  }
}

/** Earlier requests that were on another instance than the reader. */
function candidates(schedule: Schedule, flow: Flow, reader: number): readonly number[] {
  const at = schedule[reader]?.instance
  return flow.steps.flatMap((step, index) => {
    const place = schedule[index]
    return index < reader && asksAnew(step) && place !== undefined && place.instance !== at ? [index] : []
  })
}

/** Earlier requests that a restart parts from the reader. */
function restartCandidates(schedule: Schedule, flow: Flow, reader: number): readonly number[] {
  const last = schedule.slice(0, reader + 1).findLastIndex((place) => place?.restart === true)
  return flow.steps.flatMap((step, index) => (index < last && asksAnew(step) ? [index] : []))
}

/** Writes before reads, the later before the earlier. */
function likelyFirst(flow: Flow, movable: readonly number[], known: readonly number[]): readonly number[] {
  const rank = (index: number): number => {
    if (known.includes(index)) return 2
    return isWrite(flow.steps[index]) ? 1 : 0
  }
  return movable.filter((index) => rank(index) > 0).toSorted((a, b) => rank(b) - rank(a) || b - a)
}

function movedTo(schedule: Schedule, moved: readonly number[], instance: number): Schedule {
  return schedule.map((place, index) => {
    return place !== undefined && moved.includes(index) ? ({ ...place, instance } satisfies Place) : place
  })
}

function withoutRestarts(schedule: Schedule, from: number, to: number): Schedule {
  return schedule.map((place, index) => {
    return place !== undefined && index > from && index <= to ? { ...place, restart: false } : place
  })
}
