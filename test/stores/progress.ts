// Shows that the event loop stays free while something waits, by counting what else gets done. No clock involved.

export interface Progress {
  /** How often the other work was done before `waiting` settled. */
  readonly turns: number
  readonly outcome: PromiseSettledResult<unknown>
}

/** Repeats `work` until `waiting` settles. */
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
