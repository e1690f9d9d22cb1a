// The port's values in the flat form of messages.ts.
import type { SessionChange, SessionIdentity } from '../../session/store.ts'
import { wholeDeadlineMs } from '../deadlines.ts'
import type { FlatChange, FlatIdentity } from './messages.ts'

export function flatIdentity(identity: SessionIdentity): FlatIdentity {
  return {
    principal: identity.principal ?? null,
    device: identity.device ?? null,
    ip: identity.ip ?? null,
    createdAtMs: wholeDeadlineMs(identity.createdAtMs),
    absoluteDeadlineMs: wholeDeadlineMs(identity.absoluteDeadlineMs),
  }
}

export function flatChange({
  set,
  remove,
  add,
  expect,
  expectWhole,
  idleDeadlineMs,
}: SessionChange): FlatChange {
  return {
    set: [...set].flat(),
    remove: [...remove],
    idleDeadlineMs: wholeDeadlineMs(idleDeadlineMs),
    ...(add === undefined ? {} : { add: [...add] }),
    ...(expect === undefined ? {} : { expect: { fields: [...expect], whole: expectWhole === true } }),
  }
}
