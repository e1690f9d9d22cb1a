// A printer of the command line that keeps what it was given, as a pipe would get it.
import type { Printer } from '../../src/cli/printer.ts'

export interface RecordedPrinter extends Printer {
  readonly stdout: () => string
  readonly stderr: () => string
}

export function recordedPrinter(): RecordedPrinter {
  let stdout = ''
  let stderr = ''
  return {
    out: (line) => (stdout += `${line}\n`),
    err: (line) => (stderr += `${line}\n`),
    taken: () => Promise.resolve(true),
    paint: (_, text) => text,
    isTerminal: false,
    flush: () => Promise.resolve(),
    stdout: () => stdout,
    stderr: () => stderr,
  }
}
