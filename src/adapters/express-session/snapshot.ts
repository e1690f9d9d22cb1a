// A session as it was at some moment: what tells whether it changed.
import type { Session } from './request-session.ts'

/** Without the cookie, which changes with each use. */
export interface Snapshot {
  readonly id: string
  readonly text: string
}

/** Throws where JSON cannot write the session. */
export function snapshotOf(session: Session): Snapshot {
  return { id: session.id, text: JSON.stringify(Object.assign({}, session, { cookie: undefined })) }
}

export function isSame(one: Snapshot | undefined, other: Snapshot): boolean {
  return one?.id === other.id && one.text === other.text
}
