// The shape of an app's session data: any schema library that speaks Standard Schema, and steps from older shapes.
import { DroverError } from '../base/errors.ts'
import { issuesText } from '../base/standard-schema.ts'
import type { SchemaIssue, StandardSchema } from '../base/standard-schema.ts'

export type { SchemaIssue, SchemaResult, StandardSchema } from '../base/standard-schema.ts'

/** Brings data of one version to the next; may change what it is given. */
export type Upcaster = (data: Record<string, unknown>) => Record<string, unknown>

export interface SchemaOptions<Output> {
  readonly schema: StandardSchema<Output>
  /** Steps from older shapes: the first one takes data of version 0, which is what was saved before there were any. */
  readonly upcast: readonly Upcaster[]
  /** What to do with data that does not fit: an error, or to begin anew. */
  readonly invalid: 'error' | 'reset'
}

/** Data that fits. */
export interface ReadData<Output> {
  readonly data: Output
  /** Whether it was saved by an older version, so that all of it is written with the next change. */
  readonly isUpcast: boolean
}

/** One app's shape of data. */
export class DataShape<Output extends object> {
  readonly #options: SchemaOptions<Output>

  constructor(options: SchemaOptions<Output>) {
    this.#options = options
  }

  /** The version that this code writes. */
  get version(): number {
    return this.#options.upcast.length
  }

  /**
   * Reads data of `version` (a newer one, of servers that were deployed before this one is, is taken as it is). Defaults of
   * the schema are filled in. Rejects with SESSION_DATA_INVALID when it does not fit, unless it is to be reset.
   */
  async read(data: Record<string, unknown>, version: number): Promise<ReadData<Output>> {
    const steps = this.#options.upcast.slice(version)
    let current = data
    for (const step of steps) current = step(current)
    const result = await this.#options.schema['~standard'].validate(current)
    if (result.issues === undefined) return { data: result.value, isUpcast: steps.length > 0 }
    const empty =
      this.#options.invalid === 'reset' ? await this.#options.schema['~standard'].validate({}) : result
    if (empty.issues === undefined) return { data: empty.value, isUpcast: true }
    throw misfit('read', empty.issues)
  }

  /** Rejects with SESSION_DATA_INVALID for data that the next request could not read. */
  async check(data: object): Promise<void> {
    const result = await this.#options.schema['~standard'].validate(data)
    if (result.issues !== undefined) throw misfit('keep', result.issues)
  }
}

function misfit(verb: string, issues: readonly SchemaIssue[]): DroverError {
  return new DroverError(
    'SESSION_DATA_INVALID',
    `Cannot ${verb} session data: it does not fit its schema at ${issuesText(issues)}`,
  )
}
