// The event loop as a test sees it: shown to stay free while something waits, or held up on purpose.

export interface Progress {
  /** How often the other work was done before `waiting` settled. */
  readonly turns: number
  readonly outcome: PromiseSettledResult<unknown>
}

/** Repeats `work` until `waiting` settles, and counts how often. No clock involved. */
export async function progressDuring(
  waiting: Promise<unknown>,
  work: () => Promise<unknown>,
): Promise<Progress> {
  const settling = Promise.allSettled([waiting])
  for (let turns = 0; ; turns += 1) {
    // One turn of the loop first, so that what settles without waiting counts no turn.
    const turn = new Promise<undefined>((resolve) => setImmediate(resolve, undefined))
    const settled = await Promise.race([settling, turn])
    if (settled !== undefined) return { turns, outcome: settled[0] }
    await work()
  }
}

/** Blocks the event loop, as a long computation of the app would. */
export function holdLoop(durationMs: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, durationMs)
}
