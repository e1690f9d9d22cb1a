// The pool behind an address, and the options that every PostgreSQL store has.
import { DroverError } from '../../base/errors.ts'
import { openPool } from './client.ts'
import type { OwnedPostgresPool, PostgresPool } from './client.ts'
import type { PostgresLimits } from './defaults.ts'
import type { LinkSettings } from './link.ts'

/** Where a link's connections come from: a pool of its own for a URL, or somebody else's. */
export function poolOf(
  urlOrPool: string | PostgresPool,
  limits: PostgresLimits,
  prepare: boolean,
): Pick<LinkSettings, 'openPool' | 'closePool'> {
  if (typeof urlOrPool !== 'string') {
    return { openPool: () => Promise.resolve(urlOrPool), closePool: () => Promise.resolve() }
  }
  const url = checkedUrl(urlOrPool)
  let owned: OwnedPostgresPool | undefined
  return {
    openPool: async () => (owned ??= await openPool(url, limits, prepare)),
    closePool: async () => owned?.end(),
  }
}

/** The URL's text is not shown: it may hold a password. */
function checkedUrl(url: string): string {
  const protocol = URL.canParse(url) ? new URL(url).protocol : undefined
  if (protocol === 'postgres:' || protocol === 'postgresql:') return url
  const came = protocol === undefined ? 'text that is no URL' : `protocol "${protocol}"`
  throw new DroverError('OPTION_INVALID', `Cannot use PostgreSQL URL: wanted postgres://…, got ${came}`)
}

/** Throws OPTION_INVALID for what is no name. */
export function checkedSchema(schema: string | undefined): string | undefined {
  if (schema === undefined || (schema !== '' && !schema.includes('\0'))) return schema
  throw new DroverError('OPTION_INVALID', `Cannot use schema ${JSON.stringify(schema)}: wanted a name`)
}
