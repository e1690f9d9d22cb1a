// Whether this process is alone, so that what it keeps in memory is all there is.
import type { Clock } from '../../base/clock.ts'
import { DroverError } from '../../base/errors.ts'
import { instanceVariable } from '../../base/wire.ts'

export interface MemoryStoreOptions {
  /** Decides what has expired. Default: the system's. */
  readonly clock?: Clock
  /** Where it is read whether several instances could run. Default: process.env. */
  readonly environment?: Readonly<Record<string, string | undefined>>
}

/** Throws OPTION_INVALID, saying why, where what is kept in memory would be unknown to other instances. */
export function refuseWhereSeveralRun(
  environment: Readonly<Record<string, string | undefined>>,
  what: string = 'sessions',
): void {
  const reason = whySeveral(environment)
  if (reason === undefined) return
  throw new DroverError(
    'OPTION_INVALID',
    `Cannot keep ${what} in memory: ${reason}, so there may be other instances, which would know none of them; ` +
      'wanted a store that all instances share, such as "sqlite:PATH", "redis://HOST:PORT" or "postgres://HOST/NAME"',
  )
}

/** Why several instances could run, or undefined when this process is alone for all that can be known. */
function whySeveral(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  if (environment[instanceVariable] !== undefined) {
    return `${instanceVariable} is set, as it is by "drover up"`
  }
  return environment['NODE_ENV'] === 'production' ? 'NODE_ENV is "production"' : undefined
}
