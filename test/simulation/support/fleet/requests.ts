// What clients ask for, and what they may be told.

export type Kind = 'read' | 'set' | 'add' | 'order' | 'sign-out'

export interface VirtualRequest {
  readonly id: string
  readonly kind: Kind
  readonly session: string
  /** The route enforces it. */
  readonly key: string | undefined
  /** The field that a `set` changes: no other request changes it. */
  readonly field: string
}

export const methods: Readonly<Record<Kind, string>> = {
  read: 'GET',
  set: 'PUT',
  add: 'POST',
  order: 'POST',
  'sign-out': 'DELETE',
}

/** `absent`: there is no such session. `failed`: the client does not know whether it took effect. */
export type Answer =
  | { readonly type: 'done'; readonly fields?: ReadonlyMap<string, number> | undefined }
  | { readonly type: 'absent' }
  | { readonly type: 'failed'; readonly why: string }

/** The field that every `add` of a session counts in. */
export const counter = 'count'
