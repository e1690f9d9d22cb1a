// Deploys as they are asked for and told about over the control socket.

export interface DeployRequest {
  /** The folder of the new code, absolute. Default: that of the version that runs. */
  readonly dir?: string
  /** The program of an instance and its arguments. Default: that of the version that runs. */
  readonly command?: readonly string[]
  /** Variables that differ from those of the version that runs. */
  readonly env?: Readonly<Record<string, string>>
  /** What the version is called. Default: git's short commit in its folder, else package.json's version, else its number. */
  readonly label?: string
  /** How many instances are started beside the old ones at a time. Default: the configuration's. */
  readonly surge?: number
  /** The new version first gets this share of the instances, at least one and not all, for `forMs`, before it goes on. */
  readonly canary?: { readonly share: number; readonly forMs: number }
}

export const deploySteps = ['starting', 'ready', 'healthy', 'draining', 'gone', 'died'] as const
/** What happens to an instance in the course of a deploy. */
export type DeployStep = (typeof deploySteps)[number]

export const deployOutcomes = ['done', 'failed', 'aborted'] as const
export type DeployOutcome = (typeof deployOutcomes)[number]

export interface DeployEnded {
  readonly kind: 'ended'
  readonly outcome: DeployOutcome
  /** The version that was to be deployed. */
  readonly version: string
  readonly number: number
  /** The version that runs now. */
  readonly running: string
  readonly elapsedMs: number
  /** Why it did not succeed, in one sentence; null when it did. */
  readonly reason: string | null
  /** The last lines of the instance it failed by. */
  readonly lines: readonly string[]
}

export type DeployEvent =
  | {
      readonly kind: 'begun'
      readonly version: string
      readonly number: number
      /** The version that runs so far. */
      readonly replaces: string
      readonly instances: number
    }
  /** `elapsedMs` since the deploy began; `detail` such as why it died. */
  | {
      readonly kind: 'instance'
      readonly id: string
      readonly version: string
      readonly step: DeployStep
      readonly elapsedMs: number
      readonly detail: string | null
    }
  /** So many of `of` instances are of the new version now and were found good. */
  | { readonly kind: 'progress'; readonly exchanged: number; readonly of: number; readonly elapsedMs: number }
  /** The canaries run; they are looked at for so long. */
  | {
      readonly kind: 'canary'
      readonly instances: number
      readonly forMs: number
      readonly elapsedMs: number
    }
  | DeployEnded

/** `running`: its deploy goes on; `interrupted`: the primary was killed meanwhile. */
export const historyOutcomes = ['running', 'done', 'failed', 'aborted', 'interrupted'] as const
export type HistoryOutcome = (typeof historyOutcomes)[number]

/** One version that was run, or tried. */
export interface HistoryEntry {
  readonly number: number
  readonly version: string
  readonly dir: string
  readonly command: readonly string[]
  readonly startedAtMs: number
  readonly endedAtMs: number | null
  readonly outcome: HistoryOutcome
  readonly reason: string | null
  /** Whether it is the one that runs. */
  readonly isCurrent: boolean
}

export interface RollbackRequest {
  /** The number of the version to go back to. Default: the last one that ran before the current one. */
  readonly number?: number
}
