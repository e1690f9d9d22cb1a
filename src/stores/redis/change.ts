// A SessionChange on its way to Redis, as arguments of a script.
import type { SessionChange } from '../../session/store.ts'

/** As change.lua reads it. */
export function changeArguments({ set, remove, add, expect, expectWhole }: SessionChange): readonly string[] {
  const values = [set.size, remove.size, add?.size ?? 0, expect?.size ?? 0].map(String)
  values.push(expect !== undefined && expectWhole === true ? '1' : '0')
  for (const [name, text] of set) values.push(name, text)
  values.push(...remove)
  for (const [name, by] of add ?? []) values.push(name, String(by))
  for (const [name, text] of expect ?? []) values.push(name, text === undefined ? '-' : `=${text}`)
  return values
}
