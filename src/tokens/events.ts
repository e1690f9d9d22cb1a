// What happens to tokens, told through node:diagnostics_channel to whoever listens; nobody listening costs nothing.
import { channel } from 'node:diagnostics_channel'
import type { Channel } from 'node:diagnostics_channel'

/** What a subscriber of `drover:token:<name>` receives. */
export interface TokenEvent {
  /** The family: the `sid` of its tokens; '*' for all of the principal's. */
  readonly family: string
  /** The signed-in user, where that is known. */
  readonly principal?: string | undefined
}

/**
 * replayed: an old refresh token was presented, so its family was revoked: somebody has stolen it · revoked: a family, or all of a
 * principal's, by the app's own word
 */
export const tokenEventNames = ['replayed', 'revoked'] as const
export type TokenEventName = (typeof tokenEventNames)[number]

/** What a subscriber of `drover:token:feed` receives. */
export interface FeedEvent {
  /** cut: revocations of other instances do not arrive · current: they do again · full: more were revoked than are remembered */
  readonly state: 'cut' | 'current' | 'full'
  /** All that was revoked before then is known; of 'full', until when something is not. Milliseconds since the epoch. */
  readonly atMs: number
}

const channels: Readonly<Record<TokenEventName, Channel>> = {
  replayed: channel('drover:token:replayed'),
  revoked: channel('drover:token:revoked'),
}
const feedChannel = channel('drover:token:feed')

export function tellToken(name: TokenEventName, family: string, principal?: string): void {
  const target = channels[name]
  if (target.hasSubscribers) target.publish({ family, principal } satisfies TokenEvent)
}

export function tellFeed(state: FeedEvent['state'], atMs: number): void {
  if (feedChannel.hasSubscribers) feedChannel.publish({ state, atMs } satisfies FeedEvent)
}
