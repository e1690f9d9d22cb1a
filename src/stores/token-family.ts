// What stores keep of a token family beside what the port shows, and what a turn makes of it: alike for all that decide in this process.
import type { FamilyTurn, LiveFamily, TurnOutcome } from '../tokens/token-store.ts'
import { wholeDeadlineMs } from './deadlines.ts'

export interface KeptFamily extends LiveFamily {
  /** When its generation became the current one. */
  readonly advancedAtMs: number
}

export function shownFamily(kept: KeptFamily): LiveFamily {
  const { text, generation, mark, idleDeadlineMs, absoluteDeadlineMs } = kept
  return { text, generation, mark, idleDeadlineMs, absoluteDeadlineMs }
}

/** The outcome of a turn of a living family; `next` is to be kept where it advances. A replay is the caller's to end and publish. */
export function turnFamily(
  kept: KeptFamily,
  turn: FamilyTurn,
  nowMs: number,
): { readonly outcome: TurnOutcome; readonly next?: KeptFamily } {
  if (turn.generation >= kept.generation) {
    const laterMs = Math.max(kept.idleDeadlineMs, wholeDeadlineMs(turn.idleDeadlineMs))
    const idleDeadlineMs = Math.min(laterMs, kept.absoluteDeadlineMs)
    const next = { ...kept, generation: turn.generation + 1, advancedAtMs: nowMs, idleDeadlineMs }
    return { outcome: { status: 'advanced', family: shownFamily(next) }, next }
  }
  const isInGrace = turn.generation === kept.generation - 1 && nowMs - kept.advancedAtMs <= turn.graceMs
  return { outcome: { status: isInGrace ? 'repeated' : 'replayed', family: shownFamily(kept) } }
}
