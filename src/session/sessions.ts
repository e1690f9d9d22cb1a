// The sessions of one app: opens the session that a request brings, with one store and one policy for all of them.
import { KeyedQueue } from '../base/keyed-queue.ts'
import type { RuleOf } from './conflict.ts'
import { wireName } from './cookie.ts'
import { isSafe, judgeOrigin } from './csrf.ts'
import type { OriginVerdict } from './csrf.ts'
import type { SessionKeeping } from './keeping.ts'
import type { LegacyReader } from './legacy.ts'
import { isSecure } from './policy.ts'
import type { SessionPolicy } from './policy.ts'
import type { RevokeAllOptions, SessionInfo } from './principals.ts'
import type { DataShape } from './schema.ts'
import { OpenSession } from './session.ts'
import type { TransactionSetting } from './transaction.ts'
import type { SessionPorts } from './writer.ts'

/** What an adapter tells about one request. */
export interface IncomingRequest {
  readonly method: string
  /** A request header by its lower-case name, as received; several of one name joined as Node does. */
  readonly header: (name: string) => string | undefined
  /** The client's address as the framework sees it, by its own rules about trusted proxies. Best a getter: rarely asked. */
  readonly ip: string | undefined
  /** Whether the framework holds the connection for HTTPS, by its own rules about trusted proxies. */
  readonly encrypted: boolean
  /** Whether the response head has left, so that a cookie would come too late. */
  readonly headLeft: () => boolean
}

export interface SessionsSetting<Data extends object> {
  readonly keeping: SessionKeeping
  readonly policy: SessionPolicy
  readonly ports: SessionPorts
  readonly ruleOf: RuleOf
  readonly shape: DataShape<Data> | undefined
  readonly legacy: LegacyReader | undefined
  /** Whether this process is an instance behind Drover's balancer, whose forwarded headers can be believed. */
  readonly behindBalancer: boolean
}

/** An app's sessions. Hand it to an adapter, such as `expressSessions` of `drover/express`. */
export class Sessions<Data extends object = Record<string, unknown>> {
  readonly #setting: TransactionSetting<Data>
  readonly #legacy: LegacyReader | undefined
  readonly #behindBalancer: boolean
  /**
   * Where a request keeps its session of this app. Not a WeakMap: what that holds leads back to its own key, and V8 lets
   * go of such pairs in full collections only, so that every request outlived the cheap ones (a quarter of the CPU time).
   */
  readonly #key: symbol = Symbol('session')

  constructor({ legacy, behindBalancer, ...setting }: SessionsSetting<Data>) {
    this.#setting = { ...setting, queue: new KeyedQueue() }
    this.#legacy = legacy
    this.#behindBalancer = behindBalancer
  }

  /** The live sessions of a principal, the newest first, 1,000 at most. Rejects with STORE_UNAVAILABLE. */
  list(principal: string): Promise<readonly SessionInfo[]> {
    return this.#setting.keeping.principals.list(principal)
  }

  /**
   * Ends one session, by its handle, on every server at once. Repeating it, or a handle of a session that ended, does
   * nothing. A handle is as good as the word of whoever brings it: show a user no handles but those of their own list.
   */
  revoke(handle: string): Promise<void> {
    return this.#setting.keeping.principals.revoke(handle)
  }

  /**
   * Ends every session of a principal in one step, also those that `list` does not show; `except` stays. Later sign-ins are
   * not touched. Rejects with STORE_UNAVAILABLE, and then it is unknown whether they ended: try again.
   */
  revokeAll(principal: string, options: RevokeAllOptions = {}): Promise<void> {
    return this.#setting.keeping.principals.revokeAll(principal, options)
  }

  /** For adapters: opens the session of `request`, the framework's own object. Touches no store. */
  open(request: object, incoming: IncomingRequest): OpenSession<Data> {
    const { keeping, policy } = this.#setting
    const transport = { encrypted: incoming.encrypted, forwardedProto: incoming.header('x-forwarded-proto') }
    const secure = isSecure(policy.secure, transport, this.#behindBalancer)
    const cookieHeader = incoming.header('cookie')
    const behindBalancer = this.#behindBalancer
    const session = new OpenSession<Data>(this.#setting, {
      sessionId: keeping.cookieIn(cookieHeader, wireName(policy, secure)),
      legacy: this.#legacy?.find(cookieHeader),
      secure,
      origin: this.#originOf(incoming),
      csrfToken: policy.csrf === 'token' ? incoming.header('x-csrf-token') : undefined,
      // No getter: V8 makes a hidden class of each object literal with one, in old space, which keeps the whole request
      // alive through every cheap collection (9 µs of CPU time).
      ip: () => addressOf(incoming, behindBalancer),
      headLeft: incoming.headLeft,
    })
    Object.defineProperty(request, this.#key, { configurable: true, value: session })
    return session
  }

  /** For adapters: the session opened for `request`, or undefined. */
  of(request: object): OpenSession<Data> | undefined {
    const session: unknown = Reflect.get(request, this.#key)
    return session instanceof OpenSession ? session : undefined
  }

  /** For adapters: tells the operator of a failure that the client only sees as an error answer. */
  report(error: unknown): void {
    this.#setting.ports.report(error)
  }

  /** Releases the store. Sessions used later reject with STORE_UNAVAILABLE. Idempotent. */
  close(): Promise<void> {
    return this.#setting.keeping.close()
  }

  #originOf({ method, header }: IncomingRequest): OriginVerdict {
    if (isSafe(method)) return 'same'
    const { trustedOrigins } = this.#setting.policy
    const forwardedHost = this.#behindBalancer ? header('x-forwarded-host') : undefined
    return judgeOrigin(
      { site: header('sec-fetch-site'), origin: header('origin'), host: forwardedHost ?? header('host') },
      trustedOrigins,
    )
  }
}

/** Behind the balancer every connection comes from the balancer, which tells the client's address first. */
function addressOf(incoming: IncomingRequest, behindBalancer: boolean): string | undefined {
  const forwarded = behindBalancer ? incoming.header('x-forwarded-for')?.split(',')[0]?.trim() : undefined
  return forwarded === undefined || forwarded === '' ? incoming.ip : forwarded
}
