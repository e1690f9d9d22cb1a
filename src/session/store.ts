// The SessionStore port: what the session room asks of a backend. Implementations live in src/stores; each passes the
// contract suite of drover/testing against the real server.

/** Whose session it is and how long it may live at most. Times are milliseconds since the epoch. */
export interface SessionIdentity {
  /** The signed-in user, or undefined for a visitor who has not signed in. */
  readonly principal: string | undefined
  readonly createdAtMs: number
  /** The session ends here however busy it is. */
  readonly absoluteDeadlineMs: number
}

/** One session at rest. */
export interface SessionRecord extends SessionIdentity {
  /** Top-level fields; each value is JSON text, opaque to the store. */
  readonly fields: ReadonlyMap<string, string>
  /** The session ends here unless it is used before. Never later than `absoluteDeadlineMs`. */
  readonly idleDeadlineMs: number
}

/** Only what changed: fields not named here keep whatever value another server gave them (R5). */
export interface SessionChange {
  readonly set: ReadonlyMap<string, string>
  readonly remove: ReadonlySet<string>
  /** The new idle deadline; a store never moves a deadline backwards. */
  readonly idleDeadlineMs: number
}

export type SaveOutcome = 'saved' | 'gone'

/**
 * A shared place for sessions. `key` is the SHA-256 of the session id in base64url (43 characters): a store never sees an id.
 *
 * Three answers, not two (R3): every method rejects with DroverError STORE_UNAVAILABLE when the backend cannot answer in
 * time, and only then; *absent* and *gone* are values. After STORE_UNAVAILABLE from a write its outcome is unknown.
 *
 * - *absent*: never created, deleted, or past either deadline. An expired record is absent at once, swept or not.
 * - *malformed*: a record that cannot be read is STORE_UNAVAILABLE with the cause kept, never absent: it is not a logout.
 * - *repeated*: delete and touch are idempotent; create of a key that exists is SESSION_ID_TAKEN and changes nothing.
 * - *concurrent*: each method is atomic across processes; two saves of different fields both survive.
 */
export interface SessionStore {
  /** The record, or undefined when absent. */
  load(key: string): Promise<SessionRecord | undefined>
  /** Stores a new session. */
  create(key: string, record: SessionRecord): Promise<void>
  /** Writes the changed fields in one step; 'gone' when absent: a deleted session stays deleted (R4). */
  save(key: string, change: SessionChange): Promise<SaveOutcome>
  /**
   * Moves a session to a new id in one step: deletes `oldKey` and stores its fields, with `change` applied, under
   * `newKey` with the new `identity`. Fields that another server saved meanwhile therefore survive (R5).
   * 'gone' when `oldKey` is absent, and then nothing is stored (R4).
   */
  replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
  ): Promise<SaveOutcome>
  /** Slides the idle deadline; no effect on an absent session, and never backwards. */
  touch(key: string, idleDeadlineMs: number): Promise<void>
  /** Deletes; no effect when absent. */
  delete(key: string): Promise<void>
  /** Releases connections, threads and files. Later calls reject with STORE_UNAVAILABLE. Idempotent. */
  close(): Promise<void>
}
