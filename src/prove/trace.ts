// What the app answered in one run of a flow.

/** Where the instances keep their files, and what becomes of them between requests. */
export const modes = ['single', 'private-disk', 'shared-disk', 'restart'] as const
/**
 * `single`: one instance. `private-disk`: several, each with a copy of the app's folder that only it writes to. `shared-disk`: several in
 * one folder. `restart`: one, which is killed and started again before each request, on the same folder.
 */
export type Mode = (typeof modes)[number]

export interface Observation {
  /** Index into the flow's steps. */
  readonly step: number
  /** Which instance answered, from 1; of servers that run elsewhere, their place in the list. */
  readonly instance: number
  /** 0: no answer came; `error` says why. */
  readonly status: number
  /** Names in lower case; every value of a repeated field. */
  readonly headers: Readonly<Record<string, readonly string[]>>
  readonly body: Uint8Array
  /** Text and JSON that a WebSocket received before what was expected, or the expected message. */
  readonly messages: readonly string[]
  readonly error: string | undefined
  /** What the step captured; a name is missing where it found nothing. */
  readonly captured: Readonly<Record<string, string>>
  readonly startedAtMs: number
  readonly durationMs: number
}

/** What came on one stream of events, which its client held open until the end of the flow. */
export interface StreamLog {
  /** Whose answer the stream is. */
  readonly step: number
  readonly events: readonly StreamEvent[]
}

export interface StreamEvent {
  /** Its name, where it has one, and a blank; then its data. */
  readonly text: string
  /** The last step that had begun by then. */
  readonly after: number
  /** It came as soon as the stream was opened. */
  readonly isGreeting: boolean
  /** In milliseconds since the epoch. */
  readonly atMs: number
}

export interface Trace {
  readonly mode: Mode
  /** Left out where no answer was one. */
  readonly streams?: readonly StreamLog[]
  /** One for each step that is no wait, in their order; ends early only where the app was gone for good. */
  readonly observations: readonly Observation[]
}
