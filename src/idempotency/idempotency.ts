// What happens to a request with an Idempotency-Key, whatever the framework.
import { randomBytes } from 'node:crypto'
import { deadOwnerHeader } from '../base/wire.ts'
import { entryKey, fingerprintOf } from './fingerprint.ts'
import { idempotencyKeyHeader, longestKey, readKey } from '../base/idempotency-key.ts'
import { readPolicy } from './options.ts'
import type { IdempotencyOptions, IdempotencyPolicy } from './options.ts'
import { confirmedDead, ownOwner } from './owner.ts'
import {
  keyInvalid,
  keyMissing,
  keyReused,
  keyRunning,
  principalUnknown,
  responseNotKept,
} from './refusal.ts'
import { readResponse } from './response.ts'
import type { AppResponse } from './response.ts'
import { Run } from './run.ts'
import type { IdempotencyStore, Reservation, ReserveOutcome } from './store.ts'

/** A request as an adapter tells of it. */
export interface KeyedRequest {
  readonly method: string
  /** Path and query as they came. */
  readonly target: string
  /** By its name in lower case. */
  readonly header: (name: string) => string | undefined
  /** Asked only where there is a key. */
  readonly principal: () => string | undefined | Promise<string | undefined>
  /** What tells requests apart beside the query. Asked only where there is a key. */
  readonly body: () => string | Uint8Array | Promise<string | Uint8Array>
}

export type Verdict =
  /** No key here: nothing changes. */
  | { readonly kind: 'pass' }
  /** Run the handler, and `finish` with its answer before that leaves. */
  | { readonly kind: 'run'; readonly run: Run }
  /** It was run: this is the answer. */
  | { readonly kind: 'replay'; readonly response: AppResponse & { readonly body: Uint8Array } }

export interface Idempotency {
  /** Rejects with the DroverError that says how the request is refused. */
  begin(request: KeyedRequest): Promise<Verdict>
  /** Tells of a refusal that is a fault of the server's. */
  report(error: unknown): void
}

/** Keys that are honoured as draft-ietf-httpapi-idempotency-key-header-07 says. Throws OPTION_INVALID. */
export function idempotency(options: IdempotencyOptions): Idempotency {
  return new Keys(readPolicy(options))
}

class Keys implements Idempotency {
  readonly #policy: IdempotencyPolicy
  readonly #owner: string

  constructor(policy: IdempotencyPolicy) {
    this.#policy = policy
    this.#owner = ownOwner(policy.environment)
  }

  async begin(request: KeyedRequest): Promise<Verdict> {
    if (!this.#policy.methods.has(request.method)) return { kind: 'pass' }
    const [path, query] = splitTarget(request.target)
    const field = request.header(idempotencyKeyHeader)
    if (field === undefined) {
      if (this.#policy.required) throw keyMissing(request.method, path)
      return { kind: 'pass' }
    }
    const key = readKey(field)
    if (key === undefined) throw keyInvalid(longestKey)
    const principal = await request.principal()
    if (principal === undefined || principal === '') throw principalUnknown()
    const scope = entryKey({ principal, method: request.method, path, key })
    return this.#reserve(scope, fingerprintOf(query, await request.body()), request)
  }

  report(error: unknown): void {
    this.#policy.onError(error)
  }

  async #reserve(key: string, fingerprint: string, { header }: KeyedRequest): Promise<Verdict> {
    const { store, leaseMs, retentionMs, environment } = this.#policy
    const token = randomBytes(16).toString('base64url')
    const reservation = { key, fingerprint, owner: this.#owner, token, leaseMs, retentionMs }
    const deadOwners = confirmedDead(header(deadOwnerHeader), environment)
    const outcome = await reserveFrom(deadOwners, reservation, store)
    switch (outcome.status) {
      case 'reserved':
        return { kind: 'run', run: new Run(this.#policy, key, token) }
      case 'running':
        throw keyRunning(outcome.leftMs, leaseMs)
      case 'mismatch':
        throw keyReused()
      case 'done':
        return replay(readResponse(outcome.response))
    }
  }
}

/**
 * Several owners are dead where one after another died over the same request; which of them had come to hold the lease is for
 * the store to say.
 */
async function reserveFrom(
  [deadOwner, ...others]: readonly string[],
  reservation: Reservation,
  store: IdempotencyStore,
): Promise<ReserveOutcome> {
  if (deadOwner === undefined) return store.reserve(reservation)
  const outcome = await store.reserve({ ...reservation, deadOwner })
  return outcome.status === 'running' && others.length > 0 ? reserveFrom(others, reservation, store) : outcome
}

function replay(response: AppResponse): Verdict {
  const { body } = response
  if (body === undefined) throw responseNotKept()
  return { kind: 'replay', response: { ...response, body } }
}

function splitTarget(target: string): readonly [path: string, query: string] {
  const at = target.indexOf('?')
  return at < 0 ? [target, ''] : [target.slice(0, at), target.slice(at + 1)]
}
