// Sessions kept in their visitors' own cookies.
import { CookieKeeper } from './cookie-keeper.ts'
import type { CookieSetting } from './cookie-keeper.ts'
import { CookiePrincipals } from './cookie-principals.ts'
import { sealedCookieIn } from './cookie-seal.ts'
import type { SessionKeeping } from './keeping.ts'

export function cookieKeeping(setting: CookieSetting): SessionKeeping {
  const { signIns, policy, ports } = setting
  return {
    isShared: false,
    canAdd: false,
    principals: new CookiePrincipals(signIns, ports.clock, policy.absoluteMs),
    cookieIn: sealedCookieIn,
    keep: (request) => new CookieKeeper(setting, request),
    close: () => signIns.close(),
  }
}
