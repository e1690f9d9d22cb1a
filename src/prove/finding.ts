// What a proof finds: a divergence, why it is, and where in the app.
import type { Mode } from './trace.ts'

/** One place in which an answer was not what one instance alone answers. */
export interface Difference {
  readonly step: number
  /** Such as 'status', 'header location', 'cookie sid', 'body items.0.id', 'text', 'message'. */
  readonly where: string
  /** As short text: what one instance alone answered, and what was answered here. */
  readonly expected: string
  readonly actual: string
}

/** A difference that came again when the run was repeated, in the shortest flow that shows it. */
export interface Divergence {
  readonly difference: Difference
  readonly modes: ModeTriple
  /** Indices into the flow's steps: the request that wrote what the reader missed (undefined: none, as with identity), and the reader. */
  readonly writer: number | undefined
  readonly reader: number
  /** Instances of both in the run that showed it. */
  readonly writerInstance: number | undefined
  readonly readerInstance: number
  /** The steps that are needed to see it, indices into the flow's. */
  readonly witness: readonly number[]
}

/** Whether it differs with private disks, with a shared disk, and with restarts; undefined: could not be run. */
export type ModeTriple = Readonly<Record<Exclude<Mode, 'single'>, boolean | undefined>>

export const kinds = [
  'in-memory-session',
  'module-state',
  'in-process-cache',
  'rate-limiter',
  'local-file',
  'local-sqlite',
  'upload-directory',
  'per-process-secret',
  'instance-identity',
  'instance-configuration',
  'boot-side-effect',
  'sticky-transport',
  'socket-rooms',
  'in-process-schedule',
  'acknowledged-before-written',
  'unexplained',
] as const
export type Kind = (typeof kinds)[number]

export interface CodePlace {
  /** Relative to the app's folder. */
  readonly file: string
  /** From 1. */
  readonly line: number
  /** From 1; only where a line holds too much to tell anything, as in minified programs. */
  readonly column?: number
  /** The source of that line, trimmed; of a long one what is there. */
  readonly text: string | undefined
}

export interface Cause {
  readonly kind: Kind
  /** What holds the state: a variable, a class such as MemoryStore, a file, a package. */
  readonly holder: string | undefined
  readonly declaredAt: CodePlace | undefined
  readonly writtenAt: CodePlace | undefined
  /** Files written by the writer's request, relative to the app's folder where they are in it. */
  readonly files: readonly string[]
  /** The npm package the state lives in, where it is not the app's own code. */
  readonly package: string | undefined
  /** How sure: seen while it happened, or concluded from the modes alone. */
  readonly evidence: 'observed' | 'concluded'
  /** Where the line is from when it was not seen: the sources have no other place of that kind. */
  readonly placeFrom?: 'sources'
}

export interface Finding {
  readonly divergence: Divergence
  readonly cause: Cause
  /** That the user's own tests fail of it; undefined: they do not, or there are none. */
  readonly tests?: TestsDivergence | undefined
}

/** Tests that pass on one instance, and fail each time with several, or over restarts. */
export interface TestsDivergence {
  readonly command: string
  readonly modes: ModeTriple
  /** Such as 'exited with code 1'. */
  readonly how: string
  /** Of what they wrote. */
  readonly lastLines: readonly string[]
}

/** The `where` of a difference that shows in the tests as a whole: its step is beyond the flow, since no request could be told. */
export const inTests = 'tests'

/** How the user's own tests went, where they are the flow. */
export interface TestsOutcome {
  readonly command: string
  /** What they ask in one run. */
  readonly requests: number
  /** Runs with several instances, or over restarts. */
  readonly adversarialRuns: number
  /** Whether they pass in each of those. */
  readonly hasPassed: boolean
}

export interface Coverage {
  /** `GET /cart`, as driven. */
  readonly driven: readonly string[]
  /** Known routes that no step has reached; undefined: the app's routes are not known. */
  readonly undriven: readonly string[] | undefined
}

export type Verdict =
  | { readonly verdict: 'no-divergence'; readonly schedules: number }
  | { readonly verdict: 'stateful'; readonly findings: readonly Finding[] }
  /** `why`: one sentence. */
  | { readonly verdict: 'could-not-judge'; readonly why: string }

export interface Proof {
  readonly seed: number
  readonly verdict: Verdict
  readonly coverage: Coverage
  /** Undefined: the flow is another. */
  readonly tests?: TestsOutcome | undefined
  /** What could not be seen, such as 'strace is not installed'. */
  readonly limits: readonly string[]
  /** Hints of the static look, never a verdict. */
  readonly hints: readonly Hint[]
  readonly durationMs: number
}

export interface Hint {
  readonly kind: Kind
  /** The variable, where it is one: `carts`, `Store.items`. */
  readonly holder?: string
  readonly at: CodePlace
  readonly text: string
  /** What a build that shortens names leaves of the source there. */
  readonly marks?: readonly string[]
}
