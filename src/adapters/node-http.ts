// Sessions for a plain node:http listener, saved before the first byte of the answer.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { errorAnswer, sendErrorAnswer } from './error-answer.ts'
import { mountedSession } from './mounted-session.ts'
import { admit, openNodeSession } from './node-session.ts'

export type { Session } from '../session/session.ts'
export type { Sessions } from '../session/sessions.ts'
export { nodeFiles, nodeUploads } from './files/node-http.ts'
export type { UploadedFile, Uploads } from '../files/upload/form.ts'
export type { IncomingFile, UploadProgress, UploadRouteOptions } from '../files/upload/options.ts'
export { withTokens, tokenIfAny, tokenOf } from './tokens/node-http.ts'
export type { TokenRouteOptions } from './tokens/admit.ts'

/** What node:http does not know of a client behind a proxy. */
export interface NodeHttpOptions {
  /** The client's address, kept with a sign-in. Default: that of the socket. */
  readonly ip?: (req: IncomingMessage) => string | undefined
  /**
   * Whether the client came over HTTPS. Default: whether this socket is encrypted. Behind another TLS-terminating proxy
   * than Drover's, read what that proxy sets, and only if no client reaches the server around it.
   */
  readonly encrypted?: (req: IncomingMessage) => boolean
}

export type NodeHttpListener = (req: IncomingMessage, res: ServerResponse) => unknown

/**
 * Wraps a listener for `http.createServer`, so that `sessionOf(req, shop)` works in it, and the session is committed before
 * the first byte of the answer. A commit that fails is answered in the listener's place: 503 with Retry-After for a store
 * that is unavailable, 409 for a session that was signed out meanwhile, 500 otherwise. A request forged by another site is
 * answered 403 and does not reach the listener. An answer that used the session is kept out of shared caches.
 *
 * A listener that throws or rejects is reported to `onError` of the sessions and answered likewise, by its error.
 */
export function withSessions<Data extends object>(
  shop: Sessions<Data>,
  listener: NodeHttpListener,
  options: NodeHttpOptions = {},
): (req: IncomingMessage, res: ServerResponse) => void {
  const { ip = socketAddress, encrypted = isSocketEncrypted } = options
  return (req, res) => {
    // Wrapped twice, it stays one session behind one gate.
    if (shop.of(req) !== undefined) {
      void listener(req, res)
      return
    }
    const session = openNodeSession(shop, req, res, { ip: () => ip(req), encrypted: encrypted(req) })
    admit(session, shop, res, () => void run(shop, listener, req, res))
  }
}

async function run<Data extends object>(
  shop: Sessions<Data>,
  listener: NodeHttpListener,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<void> {
  try {
    await listener(req, res)
  } catch (error) {
    shop.report(error)
    // A body that was begun is cut, so that nobody takes it for complete.
    if (res.headersSent) res.destroy()
    else refuse(res, error)
  }
}

/** The listener may have set a head for the answer it did not come to give. */
function refuse(res: ServerResponse, error: unknown): void {
  for (const name of res.getHeaderNames()) res.removeHeader(name)
  sendErrorAnswer(res, errorAnswer(error))
}

function socketAddress(req: IncomingMessage): string | undefined {
  return req.socket.remoteAddress
}

function isSocketEncrypted(req: IncomingMessage): boolean {
  return 'encrypted' in req.socket && req.socket.encrypted === true
}

/** The request's session. Throws SESSION_NOT_MOUNTED when the listener is not wrapped by `withSessions(shop, …)`. */
export function sessionOf<Data extends object>(req: IncomingMessage, shop: Sessions<Data>): Session<Data> {
  return mountedSession(shop.of(req), req.method, 'withSessions(…) around this listener')
}
