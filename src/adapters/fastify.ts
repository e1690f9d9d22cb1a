// Sessions for Fastify 5: `request.session`, saved before the first byte of the answer.
import type { IncomingMessage } from 'node:http'
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import type { ErrorAnswer } from './error-answer.ts'
import { mountedSession, refusalAnswer } from './mounted-session.ts'
import { openNodeSession } from './node-session.ts'

export type { Session } from '../session/session.ts'
export type { Sessions } from '../session/sessions.ts'
export { fastifyFiles, fastifyUploads, uploadsOf } from './files/fastify.ts'
export type { UploadedFile, Uploads } from '../files/upload/form.ts'
export type { IncomingFile, UploadProgress, UploadRouteOptions } from '../files/upload/options.ts'
export { fastifyIdempotency } from './idempotency/fastify.ts'
export type { IdempotencyRouteOptions } from './idempotency/options.ts'
export { fastifyTokens, tokenIfAny, tokenOf } from './tokens/fastify.ts'
export type { TokenRouteOptions } from './tokens/admit.ts'
export type { FastifyTokensHook } from './tokens/fastify.ts'

/**
 * The shape of `request.session`'s data. Add your app's fields once:
 *
 *     declare module 'drover/fastify' {
 *       interface SessionData { cart: { sku: string; quantity: number }[] }
 *     }
 *
 * An app with several kinds of sessions asks `sessionOf(request, shop)` instead, which has the type of `shop`.
 */
export interface SessionData {}

declare module 'fastify' {
  interface FastifyRequest {
    /** This visitor's session; the store is asked when it is first used. */
    session: Session<Partial<SessionData>>
  }
}

/**
 * A plugin for `app.register`. Gives each request its session as `request.session` and `sessionOf(request, shop)`, and
 * commits it before the first byte of the answer, also of one that streams or was hijacked. A commit that fails is answered
 * in the app's place: 503 with Retry-After for a store that is unavailable, 409 for a session that was signed out
 * meanwhile, 500 otherwise; without the app's headers, and without a cookie. A request forged by another site is answered
 * 403 and reaches no later hook. An answer that used the session is kept out of shared caches. Behind another proxy than
 * Drover's, set Fastify's own `trustProxy` for Secure cookies.
 */
export function fastifySessions<Data extends object>(shop: Sessions<Data>): FastifyPluginCallback {
  const plugin: FastifyPluginCallback = (app, _options, done) => {
    if (!app.hasRequestDecorator('session')) app.decorateRequest('session')
    app.addHook('onRequest', (request, reply, next) => {
      // Registered twice, it stays one session behind one gate.
      if (shop.of(request.raw) !== undefined) {
        next()
        return
      }
      const client = { ip: () => request.ip, encrypted: request.protocol === 'https' }
      const session = openNodeSession(shop, request.raw, reply.raw, client)
      Object.assign(request, { session })
      const refusal = refusalAnswer(session, shop)
      if (refusal instanceof Promise) void refusal.then((answer) => proceed(reply, answer, next))
      else proceed(reply, refusal, next)
    })
    done()
  }
  // What fastify-plugin does: the hook is for the app that registers this, not only for routes registered in here.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'drover-sessions',
    [Symbol.for('plugin-meta')]: { name: 'drover-sessions', fastify: '>=5' },
  })
}

function proceed(reply: FastifyReply, refusal: ErrorAnswer | undefined, next: () => void): void {
  if (refusal === undefined) next()
  else void reply.code(refusal.status).headers(refusal.headers).send(refusal.body)
}

/**
 * The request's session with the type of `shop`: no global declaration needed, and right where an app has several. Takes
 * Fastify's request or the raw one. Throws SESSION_NOT_MOUNTED when `fastifySessions(shop)` did not see it.
 */
export function sessionOf<Data extends object>(
  request: FastifyRequest | IncomingMessage,
  shop: Sessions<Data>,
): Session<Data> {
  const raw = 'raw' in request ? request.raw : request
  return mountedSession(shop.of(raw), raw.method, 'app.register(fastifySessions(…)) before this route')
}
