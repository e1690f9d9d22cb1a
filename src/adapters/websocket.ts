// Sessions for WebSockets: judged and read before the upgrade, and the socket closes when its session ends, on whichever
// server that happens.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { DroverError } from '../base/errors.ts'
import type { OpenSession, Session } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { errorAnswer } from './error-answer.ts'
import type { ErrorAnswer } from './error-answer.ts'
import { Incoming } from './incoming.ts'
import { headerOf } from './node-session.ts'

export type { Session } from '../session/session.ts'
export type { Sessions } from '../session/sessions.ts'

/** What a socket is told when its session has ended: policy violation (RFC 6455 section 7.4.1). */
export const sessionEndedCode = 1008
const sessionEndedReason = 'session ended'
/** A peer that does not answer the closing handshake in this time is cut off. */
const closingTimeoutMs = 5_000

/** What an upgrade needs beside a session. */
export interface UpgradeOptions {
  /** Whether only a signed-in client may upgrade; others are answered 401. Default: true. */
  readonly signedIn?: boolean
  /** Whether the client came over HTTPS, where that is not to be seen from the socket. Default: whether it is encrypted. */
  readonly encrypted?: (req: IncomingMessage) => boolean
}

/** The part of a WebSocket that is needed here; one of the package `ws` has it. */
export interface ClosableSocket {
  close(code: number, reason: string): void
  terminate?(): void
  once(event: 'close', listener: () => void): unknown
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
  // Whoever takes an upgrade's socket takes its errors too; here nobody has, until the app does.
  const ignore = () => undefined
  socket.on('error', ignore)
  try {
    return await judged(shop, req, options)
  } catch (error) {
    shop.report(error)
    refuse(socket, errorAnswer(error))
    return undefined
  } finally {
    socket.off('error', ignore)
    if (socket.destroyed || socket.writableEnded) socket.on('error', ignore)
  }
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
    // A GET by name, but it opens a way to change things: pages of other sites may not.
    method: 'UPGRADE',
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
  let isClosed = false
  let stop = () => {
    isClosed = true
  }
  socket.once('close', () => stop())
  const stopWatching = await session.watch(() => {
    socket.close(sessionEndedCode, sessionEndedReason)
    const timer = setTimeout(() => socket.terminate?.(), closingTimeoutMs)
    timer.unref()
    stop = () => clearTimeout(timer)
  })
  if (isClosed) stopWatching()
  else stop = stopWatching
}

/** The part of a Socket.IO socket that is needed here. */
export interface SocketIoSocket {
  readonly request: IncomingMessage
  readonly data: { session?: unknown }
  disconnect(close?: boolean): unknown
  on(event: 'disconnect', listener: () => void): unknown
}

/**
 * Middleware for `io.use`: puts the session of the handshake at `socket.data.session`, refuses what `acceptUpgrade` refuses
 * (the client's `connect_error` has `data.code` and `data.status`), and disconnects the socket when its session ends.
 */
export function socketIoSessions<Data extends object>(
  shop: Sessions<Data>,
  options: UpgradeOptions = {},
): (socket: SocketIoSocket, next: (error?: Error) => void) => void {
  return (socket, next) => {
    const admit = async () => {
      try {
        await admitSocket(shop, socket, options)
        next()
      } catch (error) {
        shop.report(error)
        next(connectError(error))
      }
    }
    void admit()
  }
}

async function admitSocket<Data extends object>(
  shop: Sessions<Data>,
  socket: SocketIoSocket,
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

/** As Socket.IO sends it to the client: a message and `data`, and nothing of what happened inside. */
function connectError(error: unknown): Error {
  const { status, statusMessage } = errorAnswer(error)
  const code = error instanceof DroverError ? error.code : 'INTERNAL'
  return Object.assign(new Error(statusMessage), { data: { code, status } })
}

function notSignedIn(): DroverError {
  return new DroverError('SESSION_REQUIRED', 'Cannot upgrade request: nobody is signed in')
}

/** An answer in place of the upgrade (RFC 6455 section 4.2.2). */
function refuse(socket: Duplex, { status, statusMessage, headers, body }: ErrorAnswer): void {
  const lines = Object.entries({ ...headers, connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  socket.end(`HTTP/1.1 ${status} ${statusMessage}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}

function isEncrypted(req: IncomingMessage): boolean {
  return 'encrypted' in req.socket && req.socket.encrypted === true
}
