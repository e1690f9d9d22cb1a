// A principal's sessions where they are kept in cookies: they can be ended, and nobody can list them.
import type { Clock } from '../base/clock.ts'
import { DroverError } from '../base/errors.ts'
import { tell } from './events.ts'
import type { PrincipalSessions } from './keeping.ts'
import type { RevokeAllOptions, SessionInfo } from './principals.ts'
import { isSignInKey, signInTag } from './sign-ins.ts'
import type { SignIns } from './sign-ins.ts'
import { unsupported } from './unsupported.ts'

export class CookiePrincipals implements PrincipalSessions {
  readonly #signIns: SignIns
  readonly #clock: Clock
  readonly #absoluteMs: number

  constructor(signIns: SignIns, clock: Clock, absoluteMs: number) {
    this.#signIns = signIns
    this.#clock = clock
    this.#absoluteMs = absoluteMs
  }

  async list(): Promise<readonly SessionInfo[]> {
    throw unsupported('list sessions', 'they are in their cookies, and nowhere else')
  }

  async revoke(handle: string): Promise<void> {
    await this.#signIns.end(checkedHandle(handle), this.#untilMs())
    tell('revoked', handle)
  }

  async revokeAll(principal: string, { except }: RevokeAllOptions): Promise<void> {
    const handle = typeof except === 'object' ? await except.handle() : except
    const kept = handle === undefined ? undefined : checkedHandle(handle)
    await this.#signIns.endAll(signInTag(principal), this.#untilMs(), kept)
    tell('revoked', '*', principal)
  }

  /** None that was made by this policy lives longer. */
  #untilMs(): number {
    return this.#clock.now() + this.#absoluteMs
  }
}

function checkedHandle(handle: unknown): string {
  if (isSignInKey(handle)) return handle
  throw new DroverError('SESSION_VALUE_INVALID', 'Cannot find session: wanted a handle as handle() gives it')
}
