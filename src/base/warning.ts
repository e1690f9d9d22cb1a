// What becomes of an error that nobody asked to be told of.

/** A warning of the process. */
export function warn(error: unknown): void {
  process.emitWarning(error instanceof Error ? error : String(error))
}
