// Tokens for WebSockets: judged before the upgrade, and the socket closes when its token has expired or was revoked.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { TokenReader } from '../../tokens/tokens.ts'
import { upgradeMethod } from '../incoming.ts'
import { headerOf } from '../node-session.ts'
import { admitting, closeOnEnd, judgeUpgrade } from '../sockets.ts'
import type { ClosableSocket, SocketIoSocket } from '../sockets.ts'
import { judgeToken, reportOutage } from './admit.ts'
import type { TokenRequest, TokenRouteOptions } from './admit.ts'
import { SocketToken } from './socket-token.ts'

/**
 * Verifies the token that an upgrade request brings, in its Authorization header or, where `cookies` says so, in the cookie. Resolves to undefined when the
 * request was refused, and then it was answered and its socket ended: 401 for a token that is missing or does not count, 403 for a scope that is
 * missing, and for a cookie with a page of another site (which may open sockets with the user's cookie), 503 with Retry-After where it cannot be told.
 * Never rejects.
 */
export function acceptTokenUpgrade<Claims extends object>(
  reader: TokenReader<Claims>,
  req: IncomingMessage,
  socket: Duplex,
  options: TokenRouteOptions = {},
): Promise<SocketToken<Claims> | undefined> {
  return judgeUpgrade(
    socket,
    () => judged(reader, req, requestOf(req), options),
    (error) => {
      reportOutage(reader, error)
    },
  )
}

/**
 * Closes the socket with code 1008 once its token has ended, on whichever server; the reason is the error's code, such as `TOKEN_EXPIRED` or
 * `TOKEN_REVOKED`. A peer that does not close in turn is cut off. Stops watching when the socket closes. A client may keep its socket by sending a newer token in time,
 * which the app gives to `token.renew`.
 */
export function closeWithToken<Claims extends object>(
  token: SocketToken<Claims>,
  socket: ClosableSocket,
): void {
  void closeOnEnd(socket, async (onEnd) =>
    token.watch(({ code }) => {
      onEnd(code)
    }),
  )
}

/** What a Socket.IO client gives as `auth` is in `handshake`. */
export interface TokenIoSocket extends SocketIoSocket<{ token?: unknown }> {
  readonly handshake?: { readonly auth?: { readonly [name: string]: unknown } }
}

/**
 * Middleware for `io.use`: puts the token of the handshake at `socket.data.token`, as a `SocketToken`, refuses what `acceptTokenUpgrade` refuses
 * (the client's `connect_error` has `data.code` and `data.status`), and disconnects the socket when the token has ended. The client
 * may also give it as `auth: { token }`, as browsers cannot set headers of WebSockets.
 */
export function socketIoTokens<Claims extends object>(
  reader: TokenReader<Claims>,
  options: TokenRouteOptions = {},
): (socket: TokenIoSocket, next: (error?: Error) => void) => void {
  const admit = async (socket: TokenIoSocket): Promise<void> => {
    const token = await judged(reader, socket.request, handshakeOf(socket), options)
    socket.data.token = token
    const stop = token.watch(() => {
      socket.disconnect(true)
    })
    socket.on('disconnect', stop)
  }
  return admitting(admit, (error) => {
    reportOutage(reader, error)
  })
}

async function judged<Claims extends object>(
  reader: TokenReader<Claims>,
  req: IncomingMessage,
  request: TokenRequest,
  options: TokenRouteOptions,
): Promise<SocketToken<Claims>> {
  return new SocketToken(reader, options, await judgeToken(reader, req, request, options))
}

function requestOf(req: IncomingMessage): TokenRequest {
  return { method: upgradeMethod, header: (name) => headerOf(req, name) }
}

/** What the page's own script gave counts before what the browser adds by itself. */
function handshakeOf({ request, handshake }: TokenIoSocket): TokenRequest {
  const given = requestOf(request)
  const token = handshake?.auth?.['token']
  if (typeof token !== 'string') return given
  return { ...given, header: (name) => (name === 'authorization' ? `Bearer ${token}` : given.header(name)) }
}
