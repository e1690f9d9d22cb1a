// The SessionStore port: what the session room asks of a backend. Implementations live in src/stores; each passes the
// contract suite of drover/testing against the real server.

/** Whose session it is, where it was signed in, and how long it may live at most. Times are milliseconds since the epoch. */
export interface SessionIdentity {
  /** The signed-in user, or undefined for a visitor who has not signed in. */
  readonly principal: string | undefined
  /** What the client called itself at the sign-in, for the principal's list of sessions. */
  readonly device: string | undefined
  /** The client's address at the sign-in. */
  readonly ip: string | undefined
  readonly createdAtMs: number
  /** The session ends here however busy it is. */
  readonly absoluteDeadlineMs: number
}

/** One session at rest. */
export interface SessionRecord extends SessionIdentity {
  /** Top-level fields; each value is JSON text, opaque to the store (but see `SessionChange.add`). */
  readonly fields: ReadonlyMap<string, string>
  /** The session ends here unless it is used before. Never later than `absoluteDeadlineMs`. */
  readonly idleDeadlineMs: number
}

/** Where a session lives on after its id was renewed. */
export interface Successor {
  readonly key: string
  /** The new id, sealed with the old one: whoever presents the old id can open it, the store cannot. Opaque text. */
  readonly sealedId: string
}

/** The mark that a renewal leaves under the old key. */
export interface Forwarding {
  readonly sealedId: string
  /** From here on the old key is absent. */
  readonly untilMs: number
}

/** What a load finds. */
export interface LoadedSession extends SessionRecord {
  /** Present only when the key was renewed a moment ago; the rest is then the successor's record. */
  readonly successor?: Successor
}

/** Only what changed: fields not named here keep whatever value another server gave them (R5). */
export interface SessionChange {
  readonly set: ReadonlyMap<string, string>
  readonly remove: ReadonlySet<string>
  /**
   * Whole numbers added to fields, whatever other servers added meanwhile; an absent field counts as 0. The field's text
   * is then the sum as decimal digits. A field whose text is no whole number, or a sum beyond ±(2^53 − 1), rejects with
   * SESSION_VALUE_INVALID and nothing is written. Names no field of `set` or `remove`.
   */
  readonly add?: ReadonlyMap<string, number>
  /** All or nothing: written only if each of these fields has this very text now (undefined: there is no such field). */
  readonly expect?: ReadonlyMap<string, string | undefined>
  /** With `expect`: written only if the session has no other field than those expected. */
  readonly expectWhole?: boolean
  /** The new idle deadline; a store never moves a deadline backwards. */
  readonly idleDeadlineMs: number
}

/** 'gone': absent. 'conflict': an expectation was not met. Nothing is written in either case. */
export type SaveOutcome = 'saved' | 'gone' | 'conflict'

/** One of a principal's sessions. */
export interface ListedSession extends SessionIdentity {
  readonly key: string
  readonly idleDeadlineMs: number
}

/** At most so many sessions of one principal are listed, the newest first. Revoking all reaches the others too. */
export const mostListedSessions = 1_000

/**
 * A shared place for sessions. A visitor's key is the SHA-256 of the session id in base64url (43 characters); that of a
 * signed-in session is `<tag>.<hash>`, and all sessions of one principal have its tag (16 characters of base64url, see
 * `tagOf` in id.ts). A store never sees an id.
 *
 * Three answers, not two (R3): every method rejects with DroverError STORE_UNAVAILABLE when the backend cannot answer in
 * time, and only then; *absent*, *gone* and *conflict* are values. After STORE_UNAVAILABLE from a write its outcome is
 * unknown.
 *
 * - *absent*: never created, deleted, revoked, or past either deadline. An expired record is absent at once, swept or not.
 * - *malformed*: a record that cannot be read is STORE_UNAVAILABLE with the cause kept, never absent: it is not a logout.
 * - *repeated*: delete, touch and revokeAll are idempotent; create of a key that exists is SESSION_ID_TAKEN and changes
 *   nothing.
 * - *concurrent*: each method is atomic across processes; two saves of different fields both survive.
 * - *renewed*: until the forwarding ends, the old key stands for its successor in load, save, replace, touch and delete.
 *   A successor that is absent makes the old key absent. Forwardings may follow one another.
 */
export interface SessionStore {
  /** The record, or undefined when absent. */
  load(key: string): Promise<LoadedSession | undefined>
  /** Stores a new session; a tagged key is listed among its principal's. */
  create(key: string, record: SessionRecord): Promise<void>
  /** Writes the changed fields in one step; 'gone' when absent: a deleted session stays deleted (R4). */
  save(key: string, change: SessionChange): Promise<SaveOutcome>
  /**
   * Moves a session to a new key in one step: deletes `oldKey` and stores its fields, with `change` applied, under
   * `newKey` with the new `identity`. Fields that another server saved meanwhile therefore survive (R5).
   * 'gone' when `oldKey` is absent, and then nothing is stored (R4). With `forwarding`, `oldKey` stands for `newKey` for a
   * while instead of being absent at once.
   */
  replace(
    oldKey: string,
    newKey: string,
    identity: SessionIdentity,
    change: SessionChange,
    forwarding?: Forwarding,
  ): Promise<SaveOutcome>
  /** Slides the idle deadline; no effect on an absent session, and never backwards. */
  touch(key: string, idleDeadlineMs: number): Promise<void>
  /** Deletes; no effect when absent. */
  delete(key: string): Promise<void>
  /** The live sessions of the principal with this tag, the newest (by creation) first, `mostListedSessions` at most. */
  list(tag: string): Promise<readonly ListedSession[]>
  /**
   * Makes every session of the principal with this tag absent in one step, but for `exceptKey` (as it is or as the
   * forwarding it is under). Right even if the list is incomplete. Sessions created afterwards are not touched.
   */
  revokeAll(tag: string, exceptKey?: string): Promise<void>
  /** Releases connections, threads and files. Later calls reject with STORE_UNAVAILABLE. Idempotent. */
  close(): Promise<void>
}

/** Optional power: tells of a session's end without being asked each time. Sockets hang on it. */
export interface WatchingStore {
  /**
   * Calls `onEnd` once, soon after the session under `key` became absent by whatever server's doing. A renewal is no end:
   * the successor is watched on. While the store is unavailable nothing is called; what ended meanwhile is told afterwards.
   * Returns the function that stops watching. Never throws, never rejects, and keeps no process alive.
   */
  watch(key: string, onEnd: () => void): () => void
}

/** Optional power: texts that other libraries keep on the same backend, under their own keys. Rejects as every call does. */
export interface TextStore {
  readText(key: string): Promise<string | undefined>
  deleteText(key: string): Promise<void>
}
