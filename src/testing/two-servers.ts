// Cases that are played on two stores ("two servers") of one backend.
import type { Clock } from '../base/clock.ts'
import type { ContractCase } from './contract.ts'
import { ManualClock } from './manual-clock.ts'

interface Closing {
  close(): Promise<void>
}

export interface TwoServers<Store> {
  readonly here: Store
  readonly there: Store
  /** That of both. */
  readonly clock: ManualClock
}

export interface TwoServersCase<Store> {
  readonly name: string
  readonly play: (servers: TwoServers<Store>) => Promise<void>
}

/** How a suite gets at the store under test: each `open` gives another server's, all on the same data. */
export interface TwoServersHarness<Store> {
  open(clock: Clock): Store | Promise<Store>
}

export function onTwoServers<Store extends Closing>(
  harness: TwoServersHarness<Store>,
  cases: readonly TwoServersCase<Store>[],
): readonly ContractCase[] {
  return cases.map(({ name, play }) => ({ name, run: () => withTwoServers(harness, play) }))
}

/** Whatever was opened is closed. */
async function withTwoServers<Store extends Closing>(
  harness: TwoServersHarness<Store>,
  play: TwoServersCase<Store>['play'],
): Promise<void> {
  const clock = new ManualClock()
  const opened: Store[] = []
  const openOne = async () => {
    const store = await harness.open(clock)
    opened.push(store)
    return store
  }
  try {
    await play({ here: await openOne(), there: await openOne(), clock })
  } finally {
    await Promise.all(opened.map((store) => store.close()))
  }
}
