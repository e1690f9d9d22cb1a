// The part of Standard Schema (version 1) that Drover uses; zod, valibot, arktype and others have it.

/** What a schema says of a value. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** A schema of whichever library. */
export interface StandardSchema<Output = unknown> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined
  }
}

/** Where and what does not fit, never the value: errors are logged. */
export function issuesText(issues: readonly SchemaIssue[]): string {
  const shown = issues.slice(0, 3).map(({ path, message }) => `${placeOf(path)}: ${message}`)
  const more = issues.length > shown.length ? ` (and ${issues.length - shown.length} more)` : ''
  return shown.join('; ') + more
}

function placeOf(path: SchemaIssue['path']): string {
  const words = (path ?? []).map((part) => String(typeof part === 'object' ? part.key : part))
  return words.length === 0 ? '(whole)' : words.join('.')
}
