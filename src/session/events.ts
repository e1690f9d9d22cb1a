// What happens to sessions, told through node:diagnostics_channel to whoever listens; nobody listening costs nothing.
import { hash, randomBytes } from 'node:crypto'
import { channel } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'

/** What a subscriber of `drover:session:<name>` receives. */
export interface SessionEvent {
  /** Stands for the session in logs: a salted hash, by which nobody finds it in a store. */
  readonly session: string
  /** The signed-in user, where that is known. */
  readonly principal?: string | undefined
}

/**
 * created: stored for the first time or by a sign-in · renewed: lives on under a new id · expired: found over by a store
 * that sweeps · revoked: ended by signing out, by its handle or by revoking all (then `session` is '*')
 */
export const sessionEventNames = ['created', 'renewed', 'expired', 'revoked'] as const
export type SessionEventName = (typeof sessionEventNames)[number]

const channels: Readonly<Record<SessionEventName, Channel>> = {
  created: channel('drover:session:created'),
  renewed: channel('drover:session:renewed'),
  expired: channel('drover:session:expired'),
  revoked: channel('drover:session:revoked'),
}

/** Shared by all instances when the environment gives it, so that their logs can be joined. */
const salt = process.env['DROVER_LOG_SALT'] ?? randomBytes(16).toString('base64url')

/** How a session appears in logs and events: 16 characters that no store and no cookie knows. */
export function logId(key: string): string {
  return hash('sha256', `${salt} ${key}`, 'base64url').slice(0, 16)
}

/** Tells subscribers, if there are any, of what happened to the session under `key` ('*': all of the principal's). */
export function tell(name: SessionEventName, key: string, principal?: string): void {
  const target = channels[name]
  if (!target.hasSubscribers) return
  const event: SessionEvent = { session: key === '*' ? key : logId(key), principal }
  target.publish(event)
}
