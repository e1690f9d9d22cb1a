// Sessions for Koa: `ctx.session`, saved before the first byte of the answer.
import type { Context, Middleware } from 'koa'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { ErrorAnswer } from './error-answer.ts'
import { mountedSession, refusalAnswer } from './mounted-session.ts'
import { openNodeSession } from './node-session.ts'

export type { Session } from '../session/session.ts'
export type { Sessions } from '../session/sessions.ts'
export { koaFiles, koaUploads, uploadsOf } from './files/koa.ts'
export type { UploadedFile, Uploads } from '../files/upload/form.ts'
export type { IncomingFile, UploadProgress, UploadRouteOptions } from '../files/upload/options.ts'
export { koaTokens, tokenIfAny, tokenOf } from './tokens/koa.ts'
export type { TokenRouteOptions } from './tokens/admit.ts'

/**
 * The shape of `ctx.session`'s data. Add your app's fields once:
 *
 *     declare module 'drover/koa' {
 *       interface SessionData { cart: { sku: string; quantity: number }[] }
 *     }
 *
 * An app with several kinds of sessions asks `sessionOf(ctx, shop)` instead, which has the type of `shop`.
 */
export interface SessionData {}

declare module 'koa' {
  interface ExtendableContext {
    /** This visitor's session; the store is asked when it is first used. */
    session: Session<Partial<SessionData>>
  }
}

/**
 * Gives each request its session as `ctx.session` and `sessionOf(ctx, shop)`, and commits it before the first byte of the
 * answer. A commit that fails is answered in the app's place: 503 with Retry-After for a store that is unavailable, 409 for
 * a session that was signed out meanwhile, 500 otherwise; without the app's headers, and without a cookie. A request forged
 * by another site is answered 403 and reaches no later middleware. An answer that used the session is kept out of shared
 * caches. Behind another proxy than Drover's, set Koa's own `app.proxy` for Secure cookies.
 */
export function koaSessions<Data extends object>(shop: Sessions<Data>): Middleware {
  return async (ctx, next) => {
    // Mounted twice, it stays one session behind one gate.
    if (shop.of(ctx.req) !== undefined) return next()
    const session = openNodeSession(shop, ctx.req, ctx.res, { ip: () => ctx.ip, encrypted: ctx.secure })
    Object.defineProperty(ctx, 'session', {
      configurable: true,
      enumerable: true,
      writable: true,
      value: session,
    })
    const refusal = refusalAnswer(session, shop)
    const answer = refusal instanceof Promise ? await refusal : refusal
    return answer === undefined ? next() : refuse(ctx, answer)
  }
}

function refuse(ctx: Context, { status, headers, body }: ErrorAnswer): void {
  ctx.status = status
  ctx.set({ ...headers })
  ctx.body = body
}

/**
 * The request's session with the type of `shop`: no global declaration needed, and right where an app has several.
 * Throws SESSION_NOT_MOUNTED when `koaSessions(shop)` did not see the request.
 */
export function sessionOf<Data extends object>(
  ctx: Pick<Context, 'req' | 'method'>,
  shop: Sessions<Data>,
): Session<Data> {
  return mountedSession(shop.of(ctx.req), ctx.method, 'app.use(koaSessions(…)) before this middleware')
}
