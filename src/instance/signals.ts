// What SIGTERM and SIGINT do to a process that serves: leave, then end; at once when told again.
import { constants } from 'node:os'

export type StopSignal = 'SIGTERM' | 'SIGINT'

/** Leaves, and resolves with whether all went well. Never rejects. */
export type Leave = (signal: StopSignal) => Promise<boolean>

/** Under `npm run`, one Ctrl-C arrives twice, from the terminal and from npm: within this time it is the same wish. */
export const sameWishMs = 1_000

/** After everything is closed the process ends by itself, or, if something keeps it alive, is ended after this. */
const exitMs = 1_000

export interface Wish {
  readonly signal: StopSignal
  readonly atMs: number
}

export type SignalDecision = 'leave' | 'ignore' | 'end'

export function decideSignal(first: Wish | undefined, next: Wish): SignalDecision {
  if (first === undefined) return 'leave'
  return next.signal === first.signal && next.atMs - first.atMs < sameWishMs ? 'ignore' : 'end'
}

const leaves = new Set<Leave>()
let first: Wish | undefined

/** Calls `leave` at the first signal; the process ends when all who asked have left. Returns how to ask no more. */
export function leaveOnSignals(leave: Leave): () => void {
  if (leaves.size === 0) {
    process.on('SIGTERM', onSignal)
    process.on('SIGINT', onSignal)
  }
  leaves.add(leave)
  return () => {
    if (!leaves.delete(leave) || leaves.size > 0 || first !== undefined) return
    process.off('SIGTERM', onSignal)
    process.off('SIGINT', onSignal)
  }
}

function onSignal(signal: NodeJS.Signals): void {
  const wish: Wish = { signal: signal === 'SIGINT' ? 'SIGINT' : 'SIGTERM', atMs: performance.now() }
  const decision = decideSignal(first, wish)
  first ??= wish
  if (decision === 'leave') void leaveAll(wish.signal)
  // By its code, not by the signal itself: of process 1 in a container the system takes no default for signals.
  else if (decision === 'end') process.exit(128 + constants.signals[wish.signal])
}

async function leaveAll(signal: StopSignal): Promise<void> {
  const went = await Promise.all([...leaves].map((leave) => leave(signal)))
  if (went.includes(false)) process.exitCode = 1
  setTimeout(() => process.exit(), exitMs).unref()
}
