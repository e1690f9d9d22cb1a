// What WebSockets need, whoever judges them: an answer in place of the upgrade, and an end when what admitted them has ended.
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { DroverError } from '../base/errors.ts'
import { errorAnswer } from './error-answer.ts'
import type { ErrorAnswer } from './error-answer.ts'

/** What a socket is told when it may not stay: policy violation (RFC 6455 section 7.4.1). */
export const endedCode = 1008
/** A peer that does not answer the closing handshake in this time is cut off. */
const closingTimeoutMs = 5_000

/** The part of a WebSocket that is needed here; one of the package `ws` has it. */
export interface ClosableSocket {
  close(code: number, reason: string): void
  terminate?(): void
  once(event: 'close', listener: () => void): unknown
}

/** The part of a Socket.IO socket that is needed here. */
export interface SocketIoSocket<Data extends object> {
  readonly request: IncomingMessage
  readonly data: Data
  disconnect(close?: boolean): unknown
  on(event: 'disconnect', listener: () => void): unknown
}

/** What `judge` resolves to; what it rejects with is answered in place of the upgrade, and then this is undefined. Never rejects. */
export async function judgeUpgrade<Admitted>(
  socket: Duplex,
  judge: () => Promise<Admitted>,
  report: (error: unknown) => void,
): Promise<Admitted | undefined> {
  // Whoever takes an upgrade's socket takes its errors too; here nobody has, until the app does.
  const ignore = () => undefined
  socket.on('error', ignore)
  try {
    return await judge()
  } catch (error) {
    report(error)
    refuse(socket, errorAnswer(error))
    return undefined
  } finally {
    socket.off('error', ignore)
    if (socket.destroyed || socket.writableEnded) socket.on('error', ignore)
  }
}

/** An answer in place of the upgrade (RFC 6455 section 4.2.2). */
function refuse(socket: Duplex, { status, statusMessage, headers, body }: ErrorAnswer): void {
  const lines = Object.entries({ ...headers, connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}`,
  )
  socket.end(`HTTP/1.1 ${status} ${statusMessage}\r\n${lines.join('\r\n')}\r\n\r\n${body}`)
}

/**
 * Closes the socket with code 1008 and the reason that `watch` tells, once. A peer that does not close in turn is cut off. Stops watching when the
 * socket closes. Rejects when `watch` does.
 */
export async function closeOnEnd(
  socket: ClosableSocket,
  watch: (onEnd: (reason: string) => void) => Promise<() => void>,
): Promise<void> {
  let isClosed = false
  let stop = () => {
    isClosed = true
  }
  socket.once('close', () => stop())
  const stopWatching = await watch((reason) => {
    socket.close(endedCode, reason)
    const timer = setTimeout(() => socket.terminate?.(), closingTimeoutMs)
    timer.unref()
    stop = () => clearTimeout(timer)
  })
  if (isClosed) stopWatching()
  else stop = stopWatching
}

/** Middleware for `io.use`: what `admit` rejects with is told to the client by its `connect_error`. */
export function admitting<Socket>(
  admit: (socket: Socket) => Promise<void>,
  report: (error: unknown) => void,
): (socket: Socket, next: (error?: Error) => void) => void {
  return (socket, next) => {
    const run = async () => {
      try {
        await admit(socket)
        next()
      } catch (error) {
        report(error)
        next(connectError(error))
      }
    }
    void run()
  }
}

/** As Socket.IO sends it to the client: a message and `data`, and nothing of what happened inside. */
function connectError(error: unknown): Error {
  const { status, statusMessage } = errorAnswer(error)
  const code = error instanceof DroverError ? error.code : 'INTERNAL'
  return Object.assign(new Error(statusMessage), { data: { code, status } })
}
