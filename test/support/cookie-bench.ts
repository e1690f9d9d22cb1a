// Sessions in cookies over sign-ins in memory, with a clock and random bytes that a test controls.
import assert from 'node:assert/strict'
import { KeyedQueue } from '../../src/base/keyed-queue.ts'
import { readRules } from '../../src/session/conflict.ts'
import { cookieKeeping } from '../../src/session/cookie-keeping.ts'
import { CookieSeal, sealedCookieIn } from '../../src/session/cookie-seal.ts'
import type { SessionKeeping } from '../../src/session/keeping.ts'
import { readPolicy } from '../../src/session/policy.ts'
import type { SessionPolicyOptions } from '../../src/session/policy.ts'
import { OpenSession } from '../../src/session/session.ts'
import type { CutChoice, SignIns } from '../../src/session/sign-ins.ts'
import { readKeyRing } from '../../src/tokens/key-ring.ts'
import { cookieOf } from './session-bench.ts'
import type { Shop } from './session-bench.ts'

export const secretOf = (byte: number): string => Buffer.alloc(32, byte).toString('base64')

/** Sign-ins that end by mark, as a store's do, and can be switched off. */
export class MemorySignIns implements SignIns {
  readonly begun: string[] = []
  readonly ended: Map<string, number> = new Map()
  failure: Error | undefined
  /** By which choice it was asked last. */
  whenCut: CutChoice | undefined
  #mark = 0
  #spared: string | undefined

  async begin(key: string): Promise<number> {
    this.#answer()
    this.begun.push(key)
    return this.#mark
  }

  isEnded(key: string, mark: number, whenCut?: CutChoice): boolean {
    this.whenCut = whenCut
    this.#answer()
    return this.ended.has(key) || (mark < this.#mark && key !== this.#spared)
  }

  async end(key: string, untilMs: number): Promise<void> {
    this.#answer()
    this.ended.set(key, untilMs)
  }

  async endAll(_tag: string, _untilMs: number, exceptKey?: string): Promise<void> {
    this.#answer()
    this.#mark += 1
    this.#spared = exceptKey
  }

  async close(): Promise<void> {}

  #answer(): void {
    if (this.failure !== undefined) throw this.failure
  }
}

/** One server of several: they share sign-ins, and a clock. */
export class CookieBench {
  nowMs = 1_800_000_000_000
  headLeft = false
  secrets: readonly string[] = [secretOf(1)]
  policy: SessionPolicyOptions = {}
  readonly reports: unknown[] = []
  readonly signIns: MemorySignIns = new MemorySignIns()
  #bytes = 0

  /** The session of a request that brings this cookie, as a Set-Cookie line gave it. */
  open(cookie?: string, secure = false): OpenSession<Shop> {
    const policy = readPolicy({ idle: '1h', absolute: '10h', ...this.policy })
    const setting = { policy, ports: this.#ports(), keeping: this.keeping() }
    return new OpenSession<Shop>(
      { ...setting, ruleOf: readRules(undefined), shape: undefined, queue: new KeyedQueue() },
      {
        sessionId: sealedCookieIn(cookie?.split(';')[0], secure ? '__Host-sid' : 'sid'),
        legacy: undefined,
        secure,
        ip: () => '127.0.0.1',
        origin: 'same',
        csrfToken: undefined,
        headLeft: () => this.headLeft,
      },
    )
  }

  keeping(): SessionKeeping {
    const ports = this.#ports()
    const seal = new CookieSeal(readKeyRing('encryptionKeys', this.secrets), ports.randomBytes)
    const policy = readPolicy({ idle: '1h', absolute: '10h', ...this.policy })
    return cookieKeeping({ policy, ports, seal, signIns: this.signIns })
  }

  /** A session that one earlier request made; gives its cookie. */
  async start(data: Partial<Shop>, principal?: string): Promise<string> {
    const session = this.open()
    Object.assign(await session.data(), data)
    if (principal !== undefined) await session.login(principal)
    await session.commit()
    return cookieOf(session) ?? assert.fail('no cookie')
  }

  #ports() {
    return {
      clock: { now: () => this.nowMs },
      randomBytes: (size: number) => new Uint8Array(size).fill((this.#bytes += 1)),
      report: (error: unknown) => this.reports.push(error),
    }
  }
}
