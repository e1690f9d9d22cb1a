// A SessionChange and an identity as parameters of the statements, in their order.
import type { SessionChange, SessionIdentity } from '../../session/store.ts'
import { wholeDeadlineMs } from '../deadlines.ts'
import type { Value } from './client.ts'
import { fieldsText, storable } from './record.ts'

/** Whether it only sets and removes: such a change needs no look at what is there. */
export function isPlain({ add, expect }: SessionChange): boolean {
  return expect === undefined && (add === undefined || add.size === 0)
}

/** idle, remove, set, add, expected, absent, whole */
export function changeValues(change: SessionChange): readonly Value[] {
  const { idleDeadlineMs, remove, set } = change
  return [
    wholeDeadlineMs(idleDeadlineMs),
    [...remove].map(storable),
    fieldsText(set),
    fieldsText(addendsOf(change)),
    ...expectationValues(change),
  ]
}

/** What is added to which field, as texts. */
export function addendsOf({ add }: SessionChange): ReadonlyMap<string, string> {
  return new Map([...(add ?? [])].map(([name, by]) => [name, String(by)]))
}

/** expected, absent, whole */
export function expectationValues({ expect, expectWhole = false }: SessionChange): readonly Value[] {
  const expected = new Map<string, string>()
  const absent: string[] = []
  for (const [name, text] of expect ?? []) {
    if (text === undefined) absent.push(storable(name))
    else expected.set(name, text)
  }
  return [fieldsText(expected), absent, expect !== undefined && expectWhole]
}

export interface IdentityValues {
  readonly principal: string | null
  readonly device: string | null
  readonly ip: string | null
  readonly createdMs: number
  readonly absoluteMs: number
}

export function identityValues(identity: SessionIdentity): IdentityValues {
  const { principal, device, ip, createdAtMs, absoluteDeadlineMs } = identity
  const text = (value: string | undefined) => (value === undefined ? null : storable(value))
  return {
    principal: text(principal),
    device: text(device),
    ip: text(ip),
    createdMs: wholeDeadlineMs(createdAtMs),
    absoluteMs: wholeDeadlineMs(absoluteDeadlineMs),
  }
}
