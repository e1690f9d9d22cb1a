// The sessions of one app: opens the session that a request brings, with one store and one policy for all of them.
import { sessionIdIn, wireName } from './cookie.ts'
import { isSecure } from './policy.ts'
import type { SessionPolicy, Transport } from './policy.ts'
import { OpenSession } from './session.ts'
import type { SessionPorts, SessionSetting } from './session.ts'
import type { SessionStore } from './store.ts'

/** What an adapter tells about one request. */
export interface IncomingRequest extends Transport {
  /** The Cookie header, as received. */
  readonly cookieHeader: string | undefined
  /** Whether the response head has left, so that a cookie would come too late. */
  readonly headLeft: () => boolean
}

export interface SessionsSetting {
  readonly store: SessionStore
  readonly policy: SessionPolicy
  readonly ports: SessionPorts
  /** Whether this process is an instance behind Drover's balancer, whose forwarded headers can be believed. */
  readonly behindBalancer: boolean
}

/** An app's sessions. Hand it to an adapter, such as `expressSessions` of `drover/express`. */
export class Sessions<Data extends object = Record<string, unknown>> {
  readonly #setting: SessionSetting
  readonly #behindBalancer: boolean
  readonly #report: (error: unknown) => void
  /**
   * Where a request keeps its session of this app. Not a WeakMap: what that holds leads back to its own key, and V8 lets
   * go of such pairs in full collections only, so that every request outlived the cheap ones (a quarter of the CPU time).
   */
  readonly #key: symbol = Symbol('session')

  constructor({ store, policy, ports, behindBalancer }: SessionsSetting) {
    this.#setting = { store, policy, ports }
    this.#behindBalancer = behindBalancer
    this.#report = ports.report
  }

  /** For adapters: opens the session of `request`, the framework's own object. Touches no store. */
  open(request: object, incoming: IncomingRequest): OpenSession<Data> {
    const { policy } = this.#setting
    const secure = isSecure(policy.secure, incoming, this.#behindBalancer)
    const sessionId = sessionIdIn(incoming.cookieHeader, wireName(policy.cookieName, secure))
    const session = new OpenSession<Data>(this.#setting, { sessionId, secure, headLeft: incoming.headLeft })
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
    this.#report(error)
  }

  /** Releases the store. Sessions used later reject with STORE_UNAVAILABLE. Idempotent. */
  close(): Promise<void> {
    return this.#setting.store.close()
  }
}
