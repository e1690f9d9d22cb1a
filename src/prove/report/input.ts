// What every report is made of: the proof, and what surrounds it.
import type { ProofRun } from '../request.ts'
import type { Again } from './again.ts'

export interface ReportInput extends ProofRun {
  /** The app, as the user named it: its command, or the addresses of its servers. */
  readonly app: string
  /** Repeats the proof, with its seed. */
  readonly again: Again
  /** The words that call this program, such as `npx drover`. */
  readonly program: string
  readonly version: string
  /** From the folder the user is in to the app's, with slashes; empty where they are the same. */
  readonly folder: string
  /** The file of the app to name where a cause has no line, relative to its folder: what its command starts, or package.json. */
  readonly entry: string
  /** For each finding, in their order. */
  readonly excerpts: readonly (readonly Excerpt[])[]
  readonly finishedAt: Date
  /** Whether the page is written as well, so that nobody needs to be told of it. */
  readonly hasPage: boolean
}

/** Some lines of a source file of the app. */
export interface Excerpt {
  /** Relative to the app's folder. */
  readonly file: string
  /** Of the first of `lines`, from 1. */
  readonly firstLine: number
  readonly lines: readonly string[]
  readonly marks: readonly Mark[]
}

export interface Mark {
  readonly line: number
  /** As in `CodePlace`. */
  readonly column?: number
  readonly role: 'declared' | 'written'
}
