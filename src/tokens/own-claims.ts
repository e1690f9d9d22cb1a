// An app's own claims, as its schema has them.
import type { SchemaResult, StandardSchema } from '../base/standard-schema.ts'

/** At once where the schema answers at once. */
export function readOwnClaims<Claims extends object>(
  own: object,
  schema: StandardSchema<Claims> | undefined,
): SchemaResult<Claims> | Promise<SchemaResult<Claims>> {
  if (!isVouchedFor(own, schema)) return { issues: [] }
  return schema === undefined ? { value: own } : schema['~standard'].validate(own)
}

/** Without a schema, whoever names their type vouches for it; with one, they were checked as they were issued. */
export function isVouchedFor<Claims extends object>(
  _own: object,
  _schema: StandardSchema<Claims> | undefined,
): _own is Claims {
  return true
}
