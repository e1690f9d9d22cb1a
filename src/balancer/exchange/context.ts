// What every exchange of a worker shares, and what others may ask of an exchange.
import type { Hedging } from '../choosing/hedging.ts'
import type { Parking } from '../choosing/parking.ts'
import type { Roster, RosterEntry } from '../choosing/roster.ts'
import type { BalancerLimits } from '../limits.ts'
import type { IdentityMint } from '../telemetry/identity.ts'
import type { UpstreamPool } from '../upstream/pool.ts'
import type { ActiveExchanges, Listed } from './active-exchanges.ts'
import type { SpoolSpace } from './body-spool.ts'
import type { EnforcedRoutes } from './enforced-routes.ts'
import type { ExchangeObserver } from './record.ts'
import type { RetryBudget } from './retry-budget.ts'

/** What the options come to; replaced as a whole when they change. */
export interface ExchangeSettings {
  readonly limits: BalancerLimits
  readonly reveal: boolean
  readonly trustForwarded: boolean
  readonly routes: EnforcedRoutes
  /** The secret word of an instance that has not processed a request. */
  readonly marker: string | undefined
  readonly trace: boolean
  readonly budget: RetryBudget
}

/** An exchange as the balancer keeps it. */
export interface ActiveExchange extends Listed {
  /** Called every second: ends what takes too long. */
  checkTime(nowMs: number): void
  /** Resets the client's stream, so that what it has is not taken for the whole. */
  cut(): void
  /** The instance that a WebSocket or an event stream hangs on; undefined for what ends by itself. */
  readonly streamsFrom: RosterEntry | undefined
  /** Such a stream was told to end. */
  readonly isLeaving: boolean
  /** Ends such a stream in order, after `delayMs`, or sooner where it was told so before. */
  goAway(delayMs: number): void
}

/** Raised as things happen; all but `tunnels` never fall. */
export interface ExchangeCounts {
  /** Repeats that R1 allowed and the budget did not. */
  budgetExhausted: number
  /** Requests refused because too many waited. */
  shed: number
  /** WebSockets and other upgraded connections open now. */
  tunnels: number
  // As RequestTotals says.
  requests: number
  failed: number
  retried: number
  waited: number
}

export interface ExchangeContext {
  settings: ExchangeSettings
  /** The balancer finishes what it has. */
  draining: boolean
  readonly roster: Roster
  readonly pool: UpstreamPool
  readonly parking: Parking
  readonly hedging: Hedging
  readonly spool: SpoolSpace
  readonly identities: IdentityMint
  readonly active: ActiveExchanges<ActiveExchange>
  readonly observe: ExchangeObserver
  readonly counts: ExchangeCounts
  /** A number in [0, 1). */
  readonly random: () => number
  readonly randomBytes: (count: number) => Buffer
  /** Monotonic milliseconds, never 0. */
  readonly now: () => number
}
