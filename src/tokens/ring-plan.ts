// Which key of the ring signs, and when a key comes and goes. Pure: a record, a policy and the time in, a record out.
import type { RingKey, RingRecord } from './ring-record.ts'

export interface RingPolicy {
  /** A key that is this old gets a successor. */
  readonly rotateMs: number
  /** A new key is known this long before it signs: every instance, and every cache of the JWKS, has it by then. */
  readonly propagationMs: number
  /** A key is kept this long after its successor has begun to sign: until no token of it is alive. */
  readonly overlapMs: number
}

/**
 * Readers of a JWKS take this many and more, and so does a store. Where keys are changed so often that more than these still have tokens, the
 * next change waits.
 */
export const mostRingKeys = 48

/** The newest key whose time to sign has come. */
export function signingKeyOf({ keys }: RingRecord, nowMs: number): RingKey | undefined {
  return keys.findLast(({ signsFromMs }) => signsFromMs <= nowMs) ?? keys[0]
}

/** What is due. */
export interface RingWork {
  readonly wantsKey: boolean
  /** Those that stay. */
  readonly keys: readonly RingKey[]
}

/** Undefined when nothing is due. */
export function ringWork(record: RingRecord, policy: RingPolicy, nowMs: number): RingWork | undefined {
  const { keys } = record
  const stays = keys.filter((_, index) => {
    const successor = keys[index + 1]
    return successor === undefined || successor.signsFromMs + policy.overlapMs > nowMs
  })
  const newest = keys.at(-1)
  const isDue = newest === undefined || newest.createdAtMs + policy.rotateMs <= nowMs
  const wantsKey = isDue && stays.length < mostRingKeys
  return wantsKey || stays.length < keys.length ? { wantsKey, keys: stays } : undefined
}
