// What every command is given: where to print, how it was called, and where it runs.
import type { Printer } from './printer.ts'

export interface CliContext {
  readonly printer: Printer
  /** The words that call this program, such as `npx drover`. */
  readonly program: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly currentDir: string
}
