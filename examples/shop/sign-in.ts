// Signing in, by form or by JSON.
import type { Request } from 'express'

/** The cart a visitor filled before signing in stays; one that belongs to somebody else does not. */
export async function signIn(request: Request, account: string): Promise<void> {
  const before = await request.session.principal()
  if (before !== undefined && before !== account) await request.session.logout()
  await request.session.login(account)
}
