// Commits that carry an idempotency key: the key rests among the session's own fields, written in one step with the rest.
import { hash } from 'node:crypto'
import { oncePrefix } from './conflict.ts'
import type { FieldTexts } from './fields.ts'

/** A session remembers so many of its latest keys; a repetition is a matter of moments. */
const mostRemembered = 16

/** The field that stands for a key: short, whatever the client sent. */
export function onceField(idempotencyKey: string): string {
  return oncePrefix + hash('sha256', idempotencyKey, 'base64url').slice(0, 22)
}

/** The oldest remembered keys, to be dropped when one is added. Each field holds the time of its commit. */
export function staleOnceFields(found: FieldTexts): readonly string[] {
  const remembered = [...found].filter(([name]) => name.startsWith(oncePrefix))
  const newestFirst = remembered.toSorted((left, right) => Number(right[1]) - Number(left[1]))
  return newestFirst.slice(mostRemembered - 1).map(([name]) => name)
}
