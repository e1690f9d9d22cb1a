// What a proof is asked for, what it tells while it runs, and what it hands over in the end.
import type { AppSpec } from './app/servers.ts'
import type { Proof } from './finding.ts'
import type { Flow } from './flow/flow.ts'
import type { Mode, Trace } from './trace.ts'

/** Where the flow comes from. Paths are absolute. */
export type FlowSource =
  /** Made by crawling one instance from its front page. */
  | { readonly from: 'crawl' }
  | { readonly from: 'file'; readonly path: string }
  | { readonly from: 'har'; readonly path: string }
  | { readonly from: 'openapi'; readonly path: string }
  /** A shell command, run in the app's folder; the address it is to test is its BASE_URL. */
  | { readonly from: 'tests'; readonly command: string }

export interface ProveRequest {
  readonly app: AppSpec
  readonly flow: FlowSource
  /** Same seed, same schedules. */
  readonly seed: number
  /** Adversarial schedules, at least 1. */
  readonly schedules: number
  /** For all of it. What is not judged by then is not judged. */
  readonly timeoutMs: number
}

export interface ProvePorts {
  readonly onProgress: (progress: Progress) => void
  /** Aborts when the user interrupts: servers are stopped, temporary folders removed, and `prove` rejects with its reason. */
  readonly signal: AbortSignal
}

/** What a run is for. */
export const phases = ['prepare', 'baseline', 'schedule', 'confirm', 'shrink', 'explain'] as const
export type Phase = (typeof phases)[number]

/** Told at the beginning of each run, and before each of its steps. Runs may go on side by side. */
export interface Progress {
  readonly phase: Phase
  /** Runs of the flow so far, this one included. 0: none yet, such as while the flow is being made. */
  readonly run: number
  readonly mode: Mode
  /** The step that is next, from 1; 0: the servers are starting. */
  readonly step: number
  readonly steps: number
  /** The run is one of the user's own tests, and its steps are their requests; `steps` is what they asked before, or so far. */
  readonly isOfTests?: boolean
}

/** A finding as it was seen: what reports show beside it. */
export interface Showing {
  /** The run on several instances (or over restarts) that shows the finding, at its shortest; `step` of observations counts in the flow. */
  readonly run: Trace
  /** The same steps on one instance. */
  readonly alone: Trace
}

export interface ProofRun {
  readonly proof: Proof
  /** Without steps where none could be made. */
  readonly flow: Flow
  /** One for each finding, in their order; undefined where nothing was kept. */
  readonly showings: readonly (Showing | undefined)[]
}

/** Rejects with OPTION_INVALID where the request itself is wrong, as by a flow file that is none; everything else is a verdict. */
export type Prove = (request: ProveRequest, ports: ProvePorts) => Promise<ProofRun>
