// Sessions and tokens for WebSockets: judged and read before the upgrade, and the socket closes when its session ends, on whichever
// server that happens.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { DroverError } from '../base/errors.ts'
import type { OpenSession, Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { Incoming, upgradeMethod } from './incoming.ts'
import { headerOf } from './node-session.ts'
import { admitting, closeOnEnd, endedCode, judgeUpgrade } from './sockets.ts'
import type { ClosableSocket, SocketIoSocket } from './sockets.ts'

export type { Session } from '../session/session.ts'
export type { Sessions } from '../session/sessions.ts'
export type { TokenRouteOptions } from './tokens/admit.ts'
export { acceptTokenUpgrade, closeWithToken, socketIoTokens } from './tokens/websocket.ts'
export type { SocketToken } from './tokens/socket-token.ts'
export type { ClosableSocket, SocketIoSocket } from './sockets.ts'

/** What a socket is told when its session has ended: policy violation (RFC 6455 section 7.4.1). */
export const sessionEndedCode: number = endedCode
const sessionEndedReason = 'session ended'

/** What an upgrade needs beside a session. */
export interface UpgradeOptions {
  /** Whether only a signed-in client may upgrade; others are answered 401. Default: true. */
  readonly signedIn?: boolean
  /** Whether the client came over HTTPS, where that is not to be seen from the socket. Default: whether it is encrypted. */
  readonly encrypted?: (req: IncomingMessage) => boolean
}

/**
 * Reads the session that an upgrade request brings. Resolves to undefined when the request was refused, and then it was
 * answered and its socket ended: 403 for a page of another site (which may open sockets with the user's cookie), 401 without
 * a sign-in, 503 with Retry-After for a store that is unavailable. Never rejects.
 *
 * Such a session cannot send a cookie: to sign in, out or renew is for requests. What a socket changes is saved by
 * `session.commit()` alone.
 */
export async function acceptUpgrade<Data extends object>(
  shop: Sessions<Data>,
  req: IncomingMessage,
  socket: Duplex,
  options: UpgradeOptions = {},
): Promise<Session<Data> | undefined> {
  return judgeUpgrade(
    socket,
    () => judged(shop, req, options),
    (error) => {
      shop.report(error)
    },
  )
}

async function judged<Data extends object>(
  shop: Sessions<Data>,
  req: IncomingMessage,
  { signedIn = true, encrypted = isEncrypted }: UpgradeOptions,
): Promise<OpenSession<Data>> {
  const session = openUpgrade(shop, req, encrypted(req))
  const refusal = await session.refusal()
  if (refusal !== undefined) throw refusal
  // Asked even where anybody may come: an outage shows before the upgrade, not after it.
  const principal = await session.principal()
  if (signedIn && principal === undefined) throw notSignedIn()
  return session
}

function openUpgrade<Data extends object>(
  shop: Sessions<Data>,
  req: IncomingMessage,
  encrypted: boolean,
): OpenSession<Data> {
  const incoming = new Incoming({
    method: upgradeMethod,
    header: (name) => headerOf(req, name),
    ip: () => req.socket.remoteAddress,
    encrypted,
    headLeft: () => true,
  })
  return shop.open(req, incoming)
}

/**
 * Closes the socket with code 1008 once its session has ended: signed out, revoked or expired, on whichever server. A peer
 * that does not close in turn is cut off. Stops watching when the socket closes. A client without a session has none that
 * could end. Rejects with STORE_UNAVAILABLE when the session must be read first and cannot be.
 */
export async function closeWithSession<Data extends object>(
  session: Session<Data>,
  socket: ClosableSocket,
): Promise<void> {
  if ((await session.handle()) === undefined) return
  await closeOnEnd(socket, (onEnd) =>
    session.watch(() => {
      onEnd(sessionEndedReason)
    }),
  )
}

/**
 * Middleware for `io.use`: puts the session of the handshake at `socket.data.session`, refuses what `acceptUpgrade` refuses
 * (the client's `connect_error` has `data.code` and `data.status`), and disconnects the socket when its session ends.
 */
export function socketIoSessions<Data extends object>(
  shop: Sessions<Data>,
  options: UpgradeOptions = {},
): (socket: SocketIoSocket<{ session?: unknown }>, next: (error?: Error) => void) => void {
  return admitting(
    (socket) => admitSocket(shop, socket, options),
    (error) => {
      shop.report(error)
    },
  )
}

async function admitSocket<Data extends object>(
  shop: Sessions<Data>,
  socket: SocketIoSocket<{ session?: unknown }>,
  options: UpgradeOptions,
): Promise<void> {
  const session = await judged(shop, socket.request, options)
  socket.data.session = session
  if ((await session.handle()) === undefined) return
  const stop = await session.watch(() => {
    socket.disconnect(true)
  })
  socket.on('disconnect', stop)
}

function notSignedIn(): DroverError {
  return new DroverError('SESSION_REQUIRED', 'Cannot upgrade request: nobody is signed in')
}

function isEncrypted(req: IncomingMessage): boolean {
  return 'encrypted' in req.socket && req.socket.encrypted === true
}
