// A SessionChange applied to fields in memory.
import type { SessionChange } from '../../session/store.ts'
import { noSum, sumText } from '../sum.ts'

type Fields = ReadonlyMap<string, string>

/** Whether the fields are as the change expects them. */
export function meets(fields: Fields, { expect, expectWhole = false }: SessionChange): boolean {
  if (expect === undefined) return true
  for (const [name, text] of expect) if (fields.get(name) !== text) return false
  return !expectWhole || [...fields.keys()].every((name) => expect.has(name))
}

/** New fields; those given are left as they are, for whoever has loaded them. Throws SESSION_VALUE_INVALID. */
export function changed(fields: Fields, { set, remove, add }: SessionChange): Fields {
  const next = new Map([...fields, ...set])
  for (const name of remove) next.delete(name)
  for (const [name, by] of add ?? []) {
    const sum = sumText(next.get(name), by)
    if (sum === undefined) throw noSum()
    next.set(name, sum)
  }
  return next
}
