// What the memory store keeps of tokens: each step is done in one go, so it is atomic as it stands.
import { familyTag } from '../../tokens/token-store.ts'
import type {
  FamilyTurn,
  KeyRingRecord,
  LiveFamily,
  Revocation,
  TokenFamily,
  TurnOutcome,
} from '../../tokens/token-store.ts'
import { isOver, wholeDeadlineMs } from '../deadlines.ts'
import { shownFamily, turnFamily } from '../token-family.ts'
import type { KeptFamily } from '../token-family.ts'

interface Mark {
  readonly value: number
  /** No family created under it lives longer, and no revocation speaks of it longer. */
  readonly untilMs: number
}

/** What is over is looked for once so many calls have been made. */
const callsPerSweep = 1_000

export class MemoryTokens {
  readonly rings: Map<string, KeyRingRecord> = new Map()
  readonly listeners: Set<(revocation: Revocation) => void> = new Set()
  /** The feed: what was published and is not over, the oldest first. */
  published: Revocation[] = []
  readonly #families: Map<string, KeptFamily> = new Map()
  readonly #marks: Map<string, Mark> = new Map()
  #calls = 0

  create(key: string, { text, idleDeadlineMs, absoluteDeadlineMs }: TokenFamily, nowMs: number): number {
    const tag = familyTag(key)
    const endMs = wholeDeadlineMs(absoluteDeadlineMs)
    const before = this.#marks.get(tag)
    const mark = before?.value ?? 0
    this.#marks.set(tag, { value: mark, untilMs: Math.max(before?.untilMs ?? 0, endMs) })
    this.#families.set(key, {
      text,
      generation: 1,
      mark,
      advancedAtMs: nowMs,
      idleDeadlineMs: Math.min(wholeDeadlineMs(idleDeadlineMs), endMs),
      absoluteDeadlineMs: endMs,
    })
    return mark
  }

  live(key: string, nowMs: number): LiveFamily | undefined {
    const kept = this.#kept(key, nowMs)
    return kept && shownFamily(kept)
  }

  advance(key: string, turn: FamilyTurn, nowMs: number): TurnOutcome {
    const kept = this.#kept(key, nowMs)
    if (kept === undefined) return { status: 'gone' }
    const { outcome, next } = turnFamily(kept, turn, nowMs)
    if (next !== undefined) this.#families.set(key, next)
    if (outcome.status === 'replayed') this.end(key, turn.revokedUntilMs)
    return outcome
  }

  end(key: string, revokedUntilMs: number): void {
    this.#families.delete(key)
    this.#publish({ kind: 'family', family: key, untilMs: revokedUntilMs })
  }

  /** `spared` is alive. Returns what was published. */
  endAll(tag: string, revokedUntilMs: number, spared: string | undefined): Revocation {
    const before = this.#marks.get(tag)
    const mark = (before?.value ?? 0) + 1
    this.#marks.set(tag, { value: mark, untilMs: Math.max(before?.untilMs ?? 0, revokedUntilMs) })
    const kept = spared === undefined ? undefined : this.#families.get(spared)
    if (spared !== undefined && kept !== undefined) this.#families.set(spared, { ...kept, mark })
    const except = spared === undefined ? {} : { except: spared }
    return this.#publish({ kind: 'principal', tag, mark, ...except, untilMs: revokedUntilMs })
  }

  /** Lets go of what is over, now and then. */
  sweep(nowMs: number): void {
    this.#calls += 1
    if (this.#calls % callsPerSweep !== 0) return
    for (const key of this.#families.keys()) {
      if (this.#kept(key, nowMs) === undefined) this.#families.delete(key)
    }
    for (const [tag, { untilMs }] of this.#marks) if (isOver(untilMs, nowMs)) this.#marks.delete(tag)
    this.published = this.published.filter(({ untilMs }) => !isOver(untilMs, nowMs))
  }

  #kept(key: string, nowMs: number): KeptFamily | undefined {
    const kept = this.#families.get(key)
    if (kept === undefined || isOver(kept.idleDeadlineMs, nowMs)) return undefined
    return kept.mark < (this.#marks.get(familyTag(key))?.value ?? 0) ? undefined : kept
  }

  #publish(revocation: Revocation): Revocation {
    this.published.push(revocation)
    for (const listener of this.listeners) listener(revocation)
    return revocation
  }
}
