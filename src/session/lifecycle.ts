// The life of a session within one request: a closed set of states, one transition function, and what a commit has to
// do in each. Signing in and out are intents until the commit, so that each is one step in the store.
import type { SessionIdentity } from './store.ts'

/** A session known to be at rest in the store. */
export interface HeldSession extends SessionIdentity {
  readonly key: string
  readonly idleDeadlineMs: number
  /** The client's id; undefined when it was renewed by another request and cannot be told to the client again. */
  readonly id: string | undefined
  /** Renewed a moment ago, by another request: no need to do it again. */
  readonly isFresh: boolean
}

/** Who signs in, and where. */
export interface SignIn {
  readonly principal: string
  readonly device: string | undefined
  readonly ip: string | undefined
}

export type SessionState =
  /** The store has not been asked. `key` belongs to the id that the client presented, if it did. */
  | { readonly is: 'untouched'; readonly key: string | undefined }
  /** Nothing at rest; data would start a session. */
  | { readonly is: 'absent'; readonly key: string | undefined }
  | { readonly is: 'held'; readonly session: HeldSession }
  /** To get a new id, and nothing else. */
  | { readonly is: 'renewing'; readonly session: HeldSession }
  /** Signing in without a session at rest. */
  | { readonly is: 'entering'; readonly signIn: SignIn }
  /** Signing in: the session moves to a new id with its data, so that an id planted before is worthless. */
  | { readonly is: 'rotating'; readonly session: HeldSession; readonly signIn: SignIn }
  /** Signing out. */
  | { readonly is: 'leaving'; readonly key: string; readonly principal: string | undefined }
  /** Signing in as somebody else: nothing of the former session may follow. */
  | {
      readonly is: 'switching'
      readonly key: string
      readonly principal: string | undefined
      readonly signIn: SignIn
    }
  /** It was deleted or expired while this request held it. Terminal: nothing is saved from here (R4). */
  | { readonly is: 'gone' }

export type SessionMove =
  | { readonly type: 'loaded'; readonly session: HeldSession | undefined }
  | { readonly type: 'login'; readonly signIn: SignIn }
  | { readonly type: 'logout' }
  | { readonly type: 'renew' }
  /** Found again after a conflict, perhaps under another key. */
  | { readonly type: 'reloaded'; readonly session: HeldSession }
  | { readonly type: 'committed'; readonly session: HeldSession | undefined }
  | { readonly type: 'vanished' }

/** The state after `move`; throws on a move that the lifecycle does not have. */
export function transition(state: SessionState, move: SessionMove): SessionState {
  const next = nextState(state, move)
  if (next === undefined) throw new Error(`Cannot apply ${move.type} to session: it is ${state.is}`)
  return next
}

function nextState(state: SessionState, move: SessionMove): SessionState | undefined {
  if (state.is === 'gone') return undefined
  switch (move.type) {
    case 'loaded':
      if (state.is !== 'untouched') return undefined
      return atRest(move.session, state.key)
    case 'login':
      return signIn(state, move.signIn)
    case 'logout':
      return signOut(state)
    case 'renew':
      return renew(state)
    case 'reloaded':
      return reload(state, move.session)
    case 'committed':
      return state.is === 'untouched' ? undefined : atRest(move.session, undefined)
    case 'vanished':
      return 'session' in state ? { is: 'gone' } : undefined
  }
}

function atRest(session: HeldSession | undefined, key: string | undefined): SessionState {
  return session === undefined ? { is: 'absent', key } : { is: 'held', session }
}

type LiveState = Exclude<SessionState, { is: 'gone' }>

function signIn(state: LiveState, given: SignIn): SessionState | undefined {
  switch (state.is) {
    case 'untouched':
      return undefined
    case 'absent':
    case 'entering':
      return { is: 'entering', signIn: given }
    case 'held':
    case 'renewing':
    case 'rotating': {
      const { key, principal } = state.session
      return belongsToAnother(state, given.principal)
        ? { is: 'switching', key, principal, signIn: given }
        : { is: 'rotating', session: state.session, signIn: given }
    }
    case 'leaving':
    case 'switching':
      return { is: 'switching', key: state.key, principal: state.principal, signIn: given }
  }
}

function signOut(state: LiveState): SessionState {
  switch (state.is) {
    case 'untouched':
    case 'absent':
      // Presented but absent still ends in a delete: it is idempotent, and the client's stale cookie goes with it.
      return state.key === undefined
        ? { is: 'absent', key: undefined }
        : { is: 'leaving', key: state.key, principal: undefined }
    case 'entering':
      return { is: 'absent', key: undefined }
    case 'held':
    case 'renewing':
    case 'rotating':
      return { is: 'leaving', key: state.session.key, principal: state.session.principal }
    case 'leaving':
    case 'switching':
      return { is: 'leaving', key: state.key, principal: state.principal }
  }
}

/** A session that gets a new id anyway, or none, needs no other. */
function renew(state: LiveState): SessionState | undefined {
  if (state.is === 'untouched') return undefined
  if (state.is !== 'held' || state.session.isFresh) return state
  return { is: 'renewing', session: state.session }
}

function reload(state: LiveState, session: HeldSession): SessionState | undefined {
  switch (state.is) {
    case 'renewing':
      // Whoever was faster renewed it: that id is the new one.
      return session.isFresh ? { is: 'held', session } : { ...state, session }
    case 'held':
    case 'rotating':
      return { ...state, session }
    default:
      return undefined
  }
}

/** Who is signed in, intents included. */
export function principalOf(state: SessionState): string | undefined {
  if ('signIn' in state) return state.signIn.principal
  return 'session' in state ? state.session.principal : undefined
}

/** Whether a sign-in as `principal` must leave the session's data behind, because it is somebody else's. */
export function belongsToAnother(state: SessionState, principal: string): boolean {
  const owner = principalOf(state)
  return owner !== undefined && owner !== principal
}

/** What a commit has to do, in this order: delete, then write, then tell the client. */
export interface CommitPlan {
  readonly discard?: { readonly key: string; readonly principal: string | undefined }
  readonly write:
    | { readonly kind: 'none' }
    | { readonly kind: 'save'; readonly session: HeldSession }
    | { readonly kind: 'create'; readonly signIn: SignIn | undefined }
    | { readonly kind: 'replace'; readonly session: HeldSession; readonly signIn: SignIn }
    | { readonly kind: 'renew'; readonly session: HeldSession }
}

/**
 * Decides a commit. `hasFields`: there is data to keep; `hasChange`: it differs from what is at rest.
 * A plan has one store call, but for data put into a new session after signing out, and for changing the principal.
 */
export function planCommit(state: SessionState, hasFields: boolean, hasChange: boolean): CommitPlan {
  const keep: CommitPlan['write'] =
    hasFields && hasChange ? { kind: 'create', signIn: undefined } : { kind: 'none' }
  switch (state.is) {
    case 'untouched':
    case 'gone':
      return { write: { kind: 'none' } }
    case 'absent':
      return { write: keep }
    case 'held':
      return { write: hasChange ? { kind: 'save', session: state.session } : { kind: 'none' } }
    case 'renewing':
      return { write: { kind: 'renew', session: state.session } }
    case 'entering':
      return { write: { kind: 'create', signIn: state.signIn } }
    case 'rotating':
      return { write: { kind: 'replace', session: state.session, signIn: state.signIn } }
    case 'leaving':
      return { discard: { key: state.key, principal: state.principal }, write: keep }
    case 'switching':
      return {
        discard: { key: state.key, principal: state.principal },
        write: { kind: 'create', signIn: state.signIn },
      }
  }
}

/** Whether the state alone, whatever the data, asks for a commit. */
export function hasIntent(state: SessionState): boolean {
  return !['untouched', 'absent', 'held', 'gone'].includes(state.is)
}
