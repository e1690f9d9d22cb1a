// The TokenStore port: what tokens ask of a backend. Implementations live in src/stores; each passes the contract suite of
// drover/testing against the real server.

/** The shared key ring at rest. */
export interface KeyRingRecord {
  /** 1 as it is created, one more by each replacement. */
  readonly version: number
  /** Opaque to the store: JSON whose private keys are sealed with the app's secrets. Up to 64 KB. */
  readonly text: string
}

/** What a sign-in begins: the refresh tokens that follow one another, and the access tokens that come with them. */
export interface TokenFamily {
  /** What a refresh needs of the sign-in: JSON, opaque to the store. */
  readonly text: string
  /** The family ends here unless it advances before. Never later than `absoluteDeadlineMs`; a store cuts it to that. */
  readonly idleDeadlineMs: number
  /** The family ends here however busy it is. */
  readonly absoluteDeadlineMs: number
}

/** A family that has not ended. */
export interface LiveFamily extends TokenFamily {
  /** Which of its refresh tokens counts: 1 as it is created, one more by each advance. */
  readonly generation: number
  /** The principal's mark as it was when the family began, or when it was last spared by `endFamilies`. */
  readonly mark: number
}

/** A refresh token is presented. That it is authentic has been checked before. */
export interface FamilyTurn {
  /** Its generation. */
  readonly generation: number
  /** So long after an advance the generation before is still answered, for requests that raced and answers that got lost. */
  readonly graceMs: number
  /** The family's new idle deadline where it advances; a store never moves a deadline backwards. */
  readonly idleDeadlineMs: number
  /** Should this be a replay: how long its revocation is to be known (see `Revocation`). */
  readonly revokedUntilMs: number
}

/**
 * What became of it; `family` is as it is now. Let `current` be the family's generation:
 *
 * - *advanced*: the turn's generation is `current`, or a later one (then the backend has lost turns that it had
 *   acknowledged, as after a failover): the family's is now one above that of the turn.
 * - *repeated*: it is `current - 1`, at most `graceMs` after that was advanced from: nothing changes. All who race get the same answer.
 * - *replayed*: it is older, or its grace is over: somebody else holds a token of this family. The family is ended and
 *   its revocation published, as by `endFamily`, in the same step; `family` is as it was. Told once: it is *gone* from then on.
 * - *gone*: absent.
 */
export type TurnOutcome =
  | { readonly status: 'advanced' | 'repeated' | 'replayed'; readonly family: LiveFamily }
  | { readonly status: 'gone' }

/**
 * What no instance may accept any more, as the feed tells it: access tokens are checked against it without asking a store.
 * After `untilMs` no token that it speaks of can be alive, so it is forgotten.
 */
export type Revocation =
  /** One family: all tokens that bear its key. */
  | { readonly kind: 'family'; readonly family: string; readonly untilMs: number }
  /** All families of the principal with this tag whose mark is below `mark`, but for `except`. */
  | {
      readonly kind: 'principal'
      readonly tag: string
      readonly mark: number
      readonly except?: string
      readonly untilMs: number
    }

/** Whoever follows the feed. None of these throws. */
export interface RevocationFollower {
  /** Revocations to remember, in any order, some perhaps for the second time; at most 1,000 at once, so that the loop goes on. */
  readonly onRevoked: (revocations: readonly Revocation[]) => void
  /**
   * Every revocation whose call had ended before `asOfMs` (on the store's clock) has been told. Called when the replay is complete, and then
   * at least once a second while the backend answers, also when nothing is revoked. So what grows since is the feed's lag.
   */
  readonly onCurrent: (asOfMs: number) => void
  /** The feed is cut: told once as it is noticed, within two seconds. The next `onCurrent` says that all is well again. */
  readonly onCut: (error: unknown) => void
}

/**
 * A shared place for key rings, token families and revocations. A family's key is `<tag>.<random>`: 16 characters of
 * base64url that all families of one principal have, a dot, and 32 random characters of base64url that make it new; a key is never used
 * twice. A key is no secret: access tokens bear it. Refresh tokens are never seen by a store.
 *
 * Three answers, not two (R3): every method that returns a promise rejects with DroverError STORE_UNAVAILABLE when the
 * backend cannot answer in time or is closed, and only then; *undefined*, *false* and *gone* are values. After
 * STORE_UNAVAILABLE from a write its outcome is unknown.
 *
 * - *absent*: a family never created, ended by either way, past either deadline, or whose mark is below that of its principal.
 *   It is absent at once, swept or not; its entry is removed some day, so that what is kept is bounded by what came lately.
 * - *mark*: each principal has a counter, 0 while it never was revoked. It must not fall back while anything speaks of it: it is
 *   kept at least until the latest absolute deadline of the families created under it, and until the latest `untilMs`
 *   of the revocations of the principal.
 * - *malformed*: an entry that cannot be read is STORE_UNAVAILABLE with the cause kept, never absent: it is not a logout.
 * - *concurrent*: each method is atomic across processes; of any number of turns with the current generation at once, one advances and
 *   the others are repeated.
 * - *published*: a revocation is in the feed when the promise of the call that made it resolves. Ending and publishing are one step where the
 *   backend can do that; where it cannot (a Redis Cluster keeps the feed elsewhere), the family is ended first, and a repeated
 *   call publishes what an interrupted one did not.
 * - *replayed from the feed*: a revocation is kept until its `untilMs`, and whoever begins to follow is told all that are
 *   not over, then what comes; after a cut the feed is found again by itself, and what was published meanwhile is told. A
 *   revocation whose transaction ends late is not left out.
 * - *time* is the clock that the store was given, which all servers should share to within a fraction of a grace.
 */
export interface TokenStore {
  /** The ring by this name, or undefined where there is none yet. */
  loadKeys(ring: string): Promise<KeyRingRecord | undefined>
  /**
   * Writes `text` if the ring's version is still `version` (0: there is none), and then it is one higher. False, and nothing written, when another
   * instance was first. So of any number that create one ring at once, one does.
   */
  saveKeys(ring: string, version: number, text: string): Promise<boolean>
  /** Begins a family, of generation 1, and answers its mark: what its principal's is now. */
  createFamily(key: string, family: TokenFamily): Promise<number>
  /** The family, or undefined when absent: the look-up where the feed cannot be trusted. */
  loadFamily(key: string): Promise<LiveFamily | undefined>
  /** Decides over a refresh token, in one step. */
  advanceFamily(key: string, turn: FamilyTurn): Promise<TurnOutcome>
  /** Ends a family, whether or not it is there, and publishes its revocation. */
  endFamily(key: string, revokedUntilMs: number): Promise<void>
  /**
   * Ends every family of the principal with this tag by raising its mark, and publishes that. `exceptKey`, if it is
   * alive, is spared: in the same step it gets the new mark, and the revocation names it as `except`; one that is absent stays so and is not named.
   * Families created afterwards are not touched. Repeated, it raises the mark again, which does no harm. Resolves to what it published.
   */
  endFamilies(tag: string, revokedUntilMs: number, exceptKey?: string): Promise<Revocation>
  /**
   * Tells `follower` of every revocation, by whichever server, until the returned function is called. Never throws, and keeps no
   * process alive. Begins at once; where the backend is not there, that is a cut.
   */
  follow(follower: RevocationFollower): () => void
  /** Lets go of connections and files; followers are told nothing more. Later calls reject with STORE_UNAVAILABLE. Idempotent. */
  close(): Promise<void>
}

const tagLength = 16

/** The tag of a family's key. */
export function familyTag(key: string): string {
  return key.slice(0, tagLength)
}
