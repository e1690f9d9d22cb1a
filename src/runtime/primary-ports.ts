// What a run of `drover up` needs from outside.
import type { Clock } from '../base/clock.ts'
import type { FleetConfig } from '../config/options.ts'
import type { FleetReporter } from './reporter.ts'

export interface PrimaryPorts {
  readonly clock: Clock
  /** A number in [0, 1). */
  readonly random: () => number
  readonly reporter: FleetReporter
  /** The environment that instances inherit. */
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly currentDir: string
  /** Reads the configuration again, as it is now; rejects OPTION_INVALID when it is wrong. */
  readonly readConfig: () => Promise<FleetConfig>
}
