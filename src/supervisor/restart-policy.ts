// When a dead instance is started again. Pure: deaths in, delays out.

/** The delay after the first early death; doubles with each one that follows in a row. */
export const firstBackoffMs = 100
export const maxBackoffMs = 30_000
/** A death this soon after readiness counts as a crash at start. */
export const earlyDeathMs = 1_000
/** With no instance ready, one restart proceeds within this time, whatever its backoff says. */
export const loneRestartMs = 1_000

export interface Death {
  /** Early deaths in a row before this one. */
  readonly earlyDeaths: number
  /** How long it had been ready; undefined when it never was. */
  readonly readyForMs: number | undefined
}

export interface RestartDecision {
  /** Early deaths in a row, this one included. */
  readonly earlyDeaths: number
  readonly delayMs: number
}

/**
 * An early death waits; a later one does not, or else a kill per second would park a healthy fleet in
 * backoff. `random` is a number in [0, 1).
 */
export function decideRestart(death: Death, random: number): RestartDecision {
  const isEarly = death.readyForMs === undefined || death.readyForMs <= earlyDeathMs
  if (!isEarly) return { earlyDeaths: 0, delayMs: 0 }
  const earlyDeaths = death.earlyDeaths + 1
  return { earlyDeaths, delayMs: backoffDelayMs(earlyDeaths, random) }
}

/** The wait after `failures` in a row: doubled, capped, then between half of that and all of it. */
export function backoffDelayMs(failures: number, random: number): number {
  const ceilingMs = Math.min(maxBackoffMs, firstBackoffMs * 2 ** (failures - 1))
  return Math.round(ceilingMs * (0.5 + random / 2))
}

export interface WaitingInstance {
  readonly id: string
  readonly dueAtMs: number
}

/**
 * The restart to bring forward while no instance is ready: the one due soonest, when that is too far away.
 * Only ever brings one forward, so a fleet that cannot start tries about once per `loneRestartMs`.
 */
export function hastenRestart(
  nowMs: number,
  isAnyReady: boolean,
  waiting: readonly WaitingInstance[],
): WaitingInstance | undefined {
  if (isAnyReady) return undefined
  const soonest = waiting.reduce<WaitingInstance | undefined>(
    (best, one) => (best === undefined || one.dueAtMs < best.dueAtMs ? one : best),
    undefined,
  )
  const latestMs = nowMs + loneRestartMs
  return soonest === undefined || soonest.dueAtMs <= latestMs
    ? undefined
    : { id: soonest.id, dueAtMs: latestMs }
}
