// Gives a request a session under a new id.
import { Cookie } from './cookie.ts'
import type { Settings } from './options.ts'
import type { SessionRequest } from './request.ts'
import { Session } from './request-session.ts'
import { isSecure } from './transport.ts'

export function beginSession(req: SessionRequest, settings: Settings): void {
  req.sessionID = settings.genid(req)
  const session = new Session(req)
  req.session = session
  session.cookie = new Cookie(settings.cookie(req))
  const { secure, sameSite } = session.cookie
  if (secure !== 'auto' && sameSite !== 'auto') return
  const isEncrypted = isSecure(req, settings.proxy)
  if (secure === 'auto') session.cookie.secure = isEncrypted
  if (sameSite === 'auto') session.cookie.sameSite = isEncrypted ? 'none' : 'lax'
}
