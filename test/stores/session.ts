// Records for the store tests.
import { randomUUID } from 'node:crypto'
import { ManualClock } from '../../src/testing/index.ts'
import { change, record } from '../../src/testing/session-store/stage.ts'
import type { SessionChange, SessionRecord } from '../../src/session/store.ts'

/** A key of this test's own. */
export function someKey(): string {
  return randomUUID()
}

/** A visitor's session that begins now. */
export function newRecord(fields: Readonly<Record<string, string>> = {}): SessionRecord {
  return record(new ManualClock(), fields)
}

export function newChange(set: Readonly<Record<string, string>>): SessionChange {
  return change(new ManualClock(), set)
}
