// The app as servers: what a proof starts, asks and stops. Implemented by starter.ts.
import type { Environment } from '../../supervisor/command.ts'
import type { Mode } from '../trace.ts'

export interface AppSpec {
  /** Program and arguments; empty where `targets` are given. */
  readonly command: readonly string[]
  /** The app's folder, absolute. It is never written to: instances run on overlays or copies of it. */
  readonly cwd: string
  /** The whole environment of the app; PORT, HOSTNAME and what an instrument adds come on top. */
  readonly env: Environment
  /**
   * An instance is ready once GET of this path answers below 500; undefined: once its port speaks HTTP, which is found out with a
   * malformed request, since one that reaches the app could change what it counts or stores.
   */
  readonly readyPath: string | undefined
  readonly readyTimeoutMs: number
  /** Shell command that runs once, before the first run. What it writes into the app's folder every run finds there. */
  readonly before: string | undefined
  /** Shell command that runs before each run (the first too) and brings outside state, such as a database, back to the start. */
  readonly reset: string | undefined
  /** Origins of servers that already run somewhere; then nothing is started. */
  readonly targets: readonly string[]
}

/** What a rerun adds to each instance to see inside. */
export interface Instrument {
  readonly env: Environment
  /**
   * Modules that every Node process of the app loads first (NODE_OPTIONS): absolute paths are required; addresses (`file:`) and .ts are
   * imported, which makes Node load the app's own first module in another way too.
   */
  readonly preload: readonly string[]
  /** Put before the command, such as strace and its options. `evidence` as in `Servers.evidenceFolder`. */
  readonly wrap?: (evidence: string) => readonly string[]
  /** How long at most it may take until an instance is ready: one that is only looked into is not worth more. */
  readonly readyWithinMs?: number
}

/** In the environment of each instance: its number from 1, and a folder that outlives it, where instruments leave what they saw. */
export const instanceVariable = 'DROVER_PROVE_INSTANCE'
export const evidenceVariable = 'DROVER_PROVE_EVIDENCE'

export interface WrittenFile {
  /** Relative to the app's folder where it is in it, else absolute. */
  readonly path: string
  readonly change: 'added' | 'changed' | 'deleted'
  /** 0 when deleted. */
  readonly sizeBytes: number
  /** Undefined when deleted. */
  readonly modifiedAtMs: number | undefined
}

/** One run's servers, ready to answer. Instances are counted from 1; another number is a RangeError. */
export interface Servers {
  readonly mode: Mode
  /** Such as http://127.0.0.1:4301, one for each instance, without a slash at the end. They stay over a restart. */
  readonly origins: readonly string[]
  /** What this machine cannot isolate or see, one sentence each. */
  readonly limits: readonly string[]
  /** From the start of the processes to all of them being ready. */
  readonly startedInMs: number
  /** SIGKILL to every instance's whole process group, then start again on the same disk; resolves when ready. Rejects with AppFailure. */
  restart(): Promise<void>
  /** False once its process has ended by itself. */
  isRunning(instance: number): boolean
  /** The last lines that it wrote to standard output and error. */
  lastLines(instance: number): readonly string[]
  /** The port that the app itself chose, where that is not the one of its origin; as when it was hard-coded. */
  portOf(instance: number): number
  /** Everything it wrote, changed or deleted since the run began; of a shared disk, what all instances did. Empty for targets. */
  writtenFiles(instance: number): Promise<readonly WrittenFile[]>
  /** A file as that instance sees it now, by a path of `writtenFiles`; undefined when it is not there. */
  readFile(instance: number, path: string): Promise<Buffer | undefined>
  /** Folder on this machine that the instance finds under the same path (`evidenceVariable`). Its own, also on a shared disk. Gone after `stop`. */
  evidenceFolder(instance: number): string
  /** The process that leads the instance's group; undefined for targets. Changes with each restart. */
  pidOf(instance: number): number | undefined
  /** Ends every process (SIGTERM, then SIGKILL) and removes what was written. May be called twice. */
  stop(): Promise<void>
}

/** Starts servers from one fresh state after the other, and remembers of an app what it had to find out, such as its hard-coded port. */
export interface Starter {
  /**
   * One run. `count` is 1 for `single` and `restart`. Rejects with AppFailure when the app does not get ready, or cannot be run that
   * way, as with `restart` of targets; then nothing is left running.
   */
  startServers(app: AppSpec, mode: Mode, count: number, instrument?: Instrument): Promise<Servers>
  /** Stops everything that still runs and removes all temporary folders. */
  close(): Promise<void>
}

/** Why the app could not be run: a whole sentence, and the last lines it wrote. */
export class AppFailure extends Error {
  override readonly name = 'AppFailure'
  readonly lastLines: readonly string[]

  constructor(message: string, lastLines: readonly string[] = []) {
    super(message)
    this.lastLines = lastLines
  }
}
