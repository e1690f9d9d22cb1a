// The way to Redis as the store sees it: run something on it in bounded time, or say STORE_UNAVAILABLE.
import { DroverError } from '../../base/errors.ts'
import { describe, unavailable } from '../unavailable.ts'
import type { RedisCommands } from './commands.ts'

export interface RedisLink {
  /** Whether keys are spread over several servers, so that those of one script must share a slot. */
  readonly isCluster: boolean
  /**
   * Runs `act` on a connected client. Rejects with STORE_UNAVAILABLE ("Cannot <doing>: …") when there is none, when it
   * fails, or when it takes too long; with PEER_MISSING when the `redis` package is not installed.
   */
  run<T>(doing: string, act: (redis: RedisCommands) => Promise<T>): Promise<T>
  /** Lets go of what the link itself opened. Idempotent; later runs are STORE_UNAVAILABLE. */
  close(): Promise<void>
}

/** What a link that tracks reads tells. */
export interface LinkObserver {
  /** A key that was read over the link has changed since; undefined: any may have. */
  onChanged(redisKey: string | undefined): void
  /** A connection is lost, and with it the server's memory of what was read: changes may go untold from here on. */
  onLost(): void
}

/** A link whose servers remember what was read over it and tell when that changes (RESP3, CLIENT TRACKING). */
export interface TrackingLink extends RedisLink {
  observe(observer: LinkObserver): void
  /**
   * Asks every server in use for a sign of life, and replaces the connections that give none: one that died silently
   * would tell of no change. Never rejects.
   */
  probe(): Promise<void>
}

/** Any failure as the store's own error. */
export function linkError(doing: string, error: unknown): DroverError {
  return error instanceof DroverError ? error : unavailable(doing, describe(error), error)
}

/** The failure of a call whose time is over. */
export function late(doing: string, timeoutMs: number): DroverError {
  return unavailable(doing, `Redis did not answer within ${timeoutMs} ms`)
}

/** What every call after close() is told. */
export function closedError(): Error {
  return new Error('the session store is closed')
}
