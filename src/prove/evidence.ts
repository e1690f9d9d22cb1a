// All that is known of a divergence before anybody looks inside the app.
import type { Schedule } from './drive/schedule.ts'
import type { Cause, Divergence } from './finding.ts'
import type { Flow } from './flow/flow.ts'
import type { Showing } from './request.ts'
import type { Mode } from './trace.ts'

export interface Evidence {
  readonly flow: Flow
  readonly divergence: Divergence
  /** In which it was confirmed and shrunk. */
  readonly mode: Exclude<Mode, 'single'>
  /** Shows it when driven in that mode; the steps of the witness have a place, others have none. */
  readonly schedule: Schedule
  /**
   * Whether it is there even when one of several instances answers everything, so that nothing a request wrote explains it; undefined:
   * not known.
   */
  readonly differsAlone: boolean | undefined
  readonly showing: Showing
}

/** Rejects only with the reason of an abort. */
export type Explain = (evidence: Evidence, signal: AbortSignal) => Promise<Cause>

export const unexplained: Cause = {
  kind: 'unexplained',
  holder: undefined,
  declaredAt: undefined,
  writtenAt: undefined,
  files: [],
  package: undefined,
  evidence: 'concluded',
}
