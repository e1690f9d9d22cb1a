// Sessions over a memory store, with a clock and random bytes that a test controls.
import assert from 'node:assert/strict'
import { KeyedQueue } from '../../src/base/keyed-queue.ts'
import { readRules } from '../../src/session/conflict.ts'
import type { ConflictRules } from '../../src/session/conflict.ts'
import type { OriginVerdict } from '../../src/session/csrf.ts'
import type { LegacyReader } from '../../src/session/legacy.ts'
import { readPolicy } from '../../src/session/policy.ts'
import type { SessionPolicyOptions } from '../../src/session/policy.ts'
import type { DataShape } from '../../src/session/schema.ts'
import { sealing, unsealed } from '../../src/session/seal.ts'
import { OpenSession } from '../../src/session/session.ts'
import { storeKeeping } from '../../src/session/store-keeping.ts'
import type { SessionStore } from '../../src/session/store.ts'
import { readKeyRing } from '../../src/tokens/key-ring.ts'
import { MemoryStore } from './memory-store.ts'

export interface Shop {
  cart?: { sku: string; quantity: number }[]
  theme?: string
  visits?: number
  tags?: string[]
}

export interface BenchOptions<Data extends object> {
  readonly policy?: SessionPolicyOptions
  readonly conflicts?: ConflictRules<Data>
  readonly encryptionKeys?: readonly string[]
  readonly shape?: DataShape<Data>
  readonly legacy?: LegacyReader
  /** Stands before the memory store. */
  readonly store?: (store: MemoryStore) => SessionStore
}

export interface Visit {
  readonly origin?: OriginVerdict
  readonly csrfToken?: string
  /** The Cookie header, for another library's session. */
  readonly cookieHeader?: string
}

export class SessionBench<Data extends object = Shop> {
  nowMs = 1_000_000
  headLeft = false
  readonly reports: unknown[] = []
  readonly store: MemoryStore = new MemoryStore({ now: () => this.nowMs })
  readonly #options: BenchOptions<Data>
  readonly #queue = new KeyedQueue()
  #bytes = 0

  constructor(options: BenchOptions<Data> = {}) {
    this.#options = options
  }

  /** The session of a request that brings this cookie, as a Set-Cookie line gave it; of one server of several. */
  open(cookie?: string, visit: Visit = {}, queue: KeyedQueue = this.#queue): OpenSession<Data> {
    const { conflicts, encryptionKeys, shape, legacy, policy } = this.#options
    const ports = {
      clock: { now: () => this.nowMs },
      randomBytes: (size: number) => new Uint8Array(size).fill((this.#bytes += 1)),
      report: (error: unknown) => this.reports.push(error),
    }
    const setting = {
      store: this.#options.store?.(this.store) ?? this.store,
      policy: readPolicy({ idle: '1h', absolute: '10h', maxBytes: 1_000, ...policy }),
      ports,
      sealing:
        encryptionKeys === undefined
          ? unsealed
          : sealing(readKeyRing('keys', encryptionKeys), ports.randomBytes),
    }
    return new OpenSession<Data>(
      {
        keeping: storeKeeping(setting),
        policy: setting.policy,
        ports,
        ruleOf: readRules(conflicts),
        shape,
        queue,
      },
      {
        sessionId: cookie === undefined ? undefined : idIn(cookie),
        legacy: legacy?.find(visit.cookieHeader),
        secure: false,
        ip: () => '127.0.0.1',
        origin: visit.origin ?? 'same',
        csrfToken: visit.csrfToken,
        headLeft: () => this.headLeft,
      },
    )
  }

  /** The session of a request to another server. */
  elsewhere(cookie?: string): OpenSession<Data> {
    return this.open(cookie, {}, new KeyedQueue())
  }

  /** A session at rest, made by one earlier request; gives its cookie. */
  async start(data: Partial<Data>, principal?: string): Promise<string> {
    const session = this.open()
    Object.assign(await session.data(), data)
    if (principal !== undefined) await session.login(principal)
    await session.commit()
    this.store.calls.length = 0
    return cookieOf(session) ?? assert.fail('no cookie')
  }
}

/** The session cookie due, if any: the last Set-Cookie line. */
export function cookieOf<Data extends object>(session: OpenSession<Data>): string | undefined {
  return session.takeCookies().at(-1)
}

function idIn(cookie: string): string | undefined {
  return /=([^;]{43,60});/.exec(cookie)?.[1]
}
