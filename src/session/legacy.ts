// Sessions of another library, taken over when their cookie first comes: switching logs nobody out.
/** What another library kept of a visitor. */
export interface LegacyRecord {
  readonly data: Readonly<Record<string, unknown>>
  /** Who is signed in, where the app said how to tell. */
  readonly principal: string | undefined
  /** From here on the former cookie is worthless by itself, so that nothing needs to be remembered of it any longer. */
  readonly expiresAtMs: number
}

/** The former session that one request brings. */
export interface LegacySession {
  /** Text that only its owner has; the same for each request with that cookie, so that all of them take over one session. */
  readonly seed: string
  /** The record, or undefined when there is none; rejects with STORE_UNAVAILABLE when that cannot be told (R3). */
  read(): Promise<LegacyRecord | undefined>
  /** Removes the record, where there is one: the session was taken over, or signed out. */
  forget(): Promise<void>
  /** Whether the record stays until its session is signed out, for servers that still run the other library. */
  readonly isKept: boolean
  /** The Set-Cookie line that takes the former cookie away. */
  clearingCookie(secure: boolean): string
}

/** Finds another library's session in a request. */
export interface LegacyReader {
  /** Undefined when the Cookie header has none, or one whose signature is wrong. Never throws. */
  find(cookieHeader: string | undefined): LegacySession | undefined
}
