// Refuses to change anything on behalf of another site's page. The cookie is SameSite=Lax already; this is the second lock.
import type { NextFunction, Request, Response } from 'express'
import { Refusal } from './refusal.ts'

const harmless = new Set(['GET', 'HEAD', 'OPTIONS'])

export function sameSite(request: Request, _response: Response, next: NextFunction): void {
  if (harmless.has(request.method) || comesFromHere(request)) next()
  else next(new Refusal('cross_site', 'This request came from another site'))
}

/** Browsers say where a request comes from, in one header or the other; programs that say nothing carry no cookies of others. */
function comesFromHere(request: Request): boolean {
  const site = request.get('sec-fetch-site')
  if (site !== undefined) return site === 'same-origin' || site === 'none'
  const origin = request.get('origin')
  if (origin === undefined) return true
  return URL.parse(origin)?.host === request.host
}
