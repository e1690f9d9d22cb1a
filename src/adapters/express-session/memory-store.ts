// Sessions in the memory of one process, for development: never a default, and refused where others may run beside it.
import { EventEmitter } from 'node:events'
import { refuseWhereSeveralRun } from '../../stores/memory/index.ts'
import type { Done } from './callback.ts'
import { callableClass } from './callable-class.ts'
import type { SessionData } from './index.ts'
import { Store } from './store.ts'

class MemoryStoreBase extends Store {
  /** Sessions as JSON text by their ids. */
  sessions: Record<string, string> = newSessions()

  constructor() {
    super()
    refuseWhereSeveralRun(process.env)
  }

  override get(sid: string, callback: (error: unknown, session?: SessionData | null) => void): void {
    setImmediate(callback, null, read(this, sid))
  }

  override set(sid: string, session: SessionData, callback?: Done): void {
    this.sessions[sid] = JSON.stringify(session)
    later(callback)
  }

  override destroy(sid: string, callback?: Done): void {
    Reflect.deleteProperty(this.sessions, sid)
    later(callback)
  }

  override touch(sid: string, session: SessionData, callback?: Done): void {
    const kept = read(this, sid)
    if (kept !== undefined) this.sessions[sid] = JSON.stringify({ ...kept, cookie: session.cookie })
    later(callback)
  }

  override all(callback: (error: unknown, sessions?: Record<string, SessionData>) => void): void {
    setImmediate(callback, null, liveSessions(this))
  }

  override length(callback: (error: unknown, length?: number) => void): void {
    setImmediate(callback, null, Object.keys(liveSessions(this)).length)
  }

  override clear(callback?: Done): void {
    this.sessions = newSessions()
    later(callback)
  }
}

/** Without a prototype: an id like `constructor` is an id like any other. */
function newSessions<Value>(): Record<string, Value> {
  return Object.create(null)
}

/** The live sessions; what has expired is deleted on the way. */
function liveSessions(store: MemoryStoreBase): Record<string, SessionData> {
  const live: Record<string, SessionData> = newSessions()
  for (const sid of Object.keys(store.sessions)) {
    const session = read(store, sid)
    if (session !== undefined) live[sid] = session
  }
  return live
}

function read({ sessions }: MemoryStoreBase, sid: string): SessionData | undefined {
  const text = sessions[sid]
  if (text === undefined) return undefined
  const session: SessionData = JSON.parse(text)
  const expires: unknown = session.cookie?.expires
  if (typeof expires !== 'string' || Date.parse(expires) > Date.now()) return session
  Reflect.deleteProperty(sessions, sid)
  return undefined
}

function later(callback: Done | undefined): void {
  if (callback !== undefined) setImmediate(callback)
}

/**
 * Sessions in this process alone; they pile up until they are asked for. Throws OPTION_INVALID where several instances
 * could run (NODE_ENV is "production", or under `drover up`): each would sign out whoever reaches another.
 */
export const MemoryStore: typeof MemoryStoreBase = callableClass(MemoryStoreBase, (store) => {
  refuseWhereSeveralRun(process.env)
  EventEmitter.call(store)
  store.sessions = newSessions()
})
export type MemoryStore = MemoryStoreBase
