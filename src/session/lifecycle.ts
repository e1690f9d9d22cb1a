// The life of a session within one request: a closed set of states, one transition function, and what a commit has to
// do in each. Signing in and out are intents until the commit, so that each is one step in the store.

/** A session known to be at rest in the store. */
export interface HeldSession {
  readonly key: string
  readonly principal: string | undefined
  readonly absoluteDeadlineMs: number
  readonly idleDeadlineMs: number
}

export type SessionState =
  /** The store has not been asked. `key` belongs to the id that the client presented, if it did. */
  | { readonly is: 'untouched'; readonly key: string | undefined }
  /** Nothing at rest; data would start a session. */
  | { readonly is: 'absent'; readonly key: string | undefined }
  | { readonly is: 'held'; readonly session: HeldSession }
  /** Signing in without a session at rest. */
  | { readonly is: 'entering'; readonly principal: string }
  /** Signing in: the session moves to a new id with its data, so that an id planted before is worthless. */
  | { readonly is: 'rotating'; readonly session: HeldSession; readonly principal: string }
  /** Signing out. */
  | { readonly is: 'leaving'; readonly key: string }
  /** Signing in as somebody else: nothing of the former session may follow. */
  | { readonly is: 'switching'; readonly key: string; readonly principal: string }
  /** It was deleted or expired while this request held it. Terminal: nothing is saved from here (R4). */
  | { readonly is: 'gone' }

export type SessionEvent =
  | { readonly type: 'loaded'; readonly session: HeldSession | undefined }
  | { readonly type: 'login'; readonly principal: string }
  | { readonly type: 'logout' }
  | { readonly type: 'committed'; readonly session: HeldSession | undefined }
  | { readonly type: 'vanished' }

/** The state after `event`; throws on a move that the lifecycle does not have. */
export function transition(state: SessionState, event: SessionEvent): SessionState {
  const next = move(state, event)
  if (next === undefined) throw new Error(`Cannot apply ${event.type} to session: it is ${state.is}`)
  return next
}

function move(state: SessionState, event: SessionEvent): SessionState | undefined {
  if (state.is === 'gone') return undefined
  switch (event.type) {
    case 'loaded':
      if (state.is !== 'untouched') return undefined
      return event.session === undefined
        ? { is: 'absent', key: state.key }
        : { is: 'held', session: event.session }
    case 'login':
      return signIn(state, event.principal)
    case 'logout':
      return signOut(state)
    case 'committed':
      if (state.is === 'untouched') return undefined
      return event.session === undefined
        ? { is: 'absent', key: undefined }
        : { is: 'held', session: event.session }
    case 'vanished':
      return state.is === 'held' || state.is === 'rotating' ? { is: 'gone' } : undefined
  }
}

type LiveState = Exclude<SessionState, { is: 'gone' }>

function signIn(state: LiveState, principal: string): SessionState | undefined {
  switch (state.is) {
    case 'untouched':
      return undefined
    case 'absent':
    case 'entering':
      return { is: 'entering', principal }
    case 'held':
    case 'rotating':
      return belongsToAnother(state, principal)
        ? { is: 'switching', key: state.session.key, principal }
        : { is: 'rotating', session: state.session, principal }
    case 'leaving':
    case 'switching':
      return { is: 'switching', key: state.key, principal }
  }
}

function signOut(state: LiveState): SessionState {
  switch (state.is) {
    case 'untouched':
    case 'absent':
      // Presented but absent still ends in a delete: it is idempotent, and the client's stale cookie goes with it.
      return state.key === undefined ? { is: 'absent', key: undefined } : { is: 'leaving', key: state.key }
    case 'entering':
      return { is: 'absent', key: undefined }
    case 'held':
    case 'rotating':
      return { is: 'leaving', key: state.session.key }
    case 'leaving':
    case 'switching':
      return { is: 'leaving', key: state.key }
  }
}

/** Who is signed in, intents included. */
export function principalOf(state: SessionState): string | undefined {
  if (state.is === 'held') return state.session.principal
  return 'principal' in state ? state.principal : undefined
}

/** Whether a sign-in as `principal` must leave the session's data behind, because it is somebody else's. */
export function belongsToAnother(state: SessionState, principal: string): boolean {
  const owner = principalOf(state)
  return owner !== undefined && owner !== principal
}

/** What a commit has to do, in this order: delete, then write, then tell the client. */
export interface CommitPlan {
  readonly discardKey?: string
  readonly write:
    | { readonly kind: 'none' }
    | { readonly kind: 'save'; readonly session: HeldSession }
    | { readonly kind: 'create'; readonly principal: string | undefined }
    | { readonly kind: 'replace'; readonly key: string; readonly principal: string }
}

/**
 * Decides a commit. `hasFields`: there is data to keep; `hasChange`: it differs from what is at rest.
 * A plan has one store call, but for data put into a new session after signing out, and for changing the principal.
 */
export function planCommit(state: SessionState, hasFields: boolean, hasChange: boolean): CommitPlan {
  const keep: CommitPlan['write'] = hasFields ? { kind: 'create', principal: undefined } : { kind: 'none' }
  switch (state.is) {
    case 'untouched':
    case 'gone':
      return { write: { kind: 'none' } }
    case 'absent':
      return { write: keep }
    case 'held':
      return { write: hasChange ? { kind: 'save', session: state.session } : { kind: 'none' } }
    case 'entering':
      return { write: { kind: 'create', principal: state.principal } }
    case 'rotating':
      return { write: { kind: 'replace', key: state.session.key, principal: state.principal } }
    case 'leaving':
      return { discardKey: state.key, write: keep }
    case 'switching':
      return { discardKey: state.key, write: { kind: 'create', principal: state.principal } }
  }
}

/** Whether the state alone, whatever the data, asks for a commit. */
export function hasIntent(state: SessionState): boolean {
  return (
    state.is === 'entering' || state.is === 'rotating' || state.is === 'leaving' || state.is === 'switching'
  )
}
