// Gives each request its number, before the app sees it, and takes the header away that carried it.
import { IncomingMessage, Server, ServerResponse } from 'node:http'
import { Server as SecureServer } from 'node:https'
import { current, noteOpening, runAs } from './context.ts'
import type { Context } from './context.ts'
import { requestHeader } from './event.ts'
import type { AppEvent } from './event.ts'

export interface RequestPorts {
  readonly emit: (event: Omit<AppEvent, 'pid'>) => void
  /** Called before an answer is sent. */
  readonly answering: () => void
  /** Called before one request has `chunk` written to the answer of another, which is still open: as with server-sent events. */
  readonly telling: (chunk: unknown) => void
  /** Called as the first request of a server comes. */
  readonly serving: (server: Server | SecureServer) => void
}

export function watchRequests(ports: RequestPorts): void {
  const served = new WeakSet<object>()
  const answers = new WeakMap<object, Context>()
  for (const { prototype } of [Server, SecureServer]) {
    const emit = prototype.emit
    const watched = function (this: Server | SecureServer, name: string, ...args: unknown[]): boolean {
      const call = (): boolean => Reflect.apply(emit, this, [name, ...args])
      const [request, answer] = args
      if ((name !== 'request' && name !== 'upgrade') || !(request instanceof IncomingMessage)) return call()
      if (!served.has(this)) {
        served.add(this)
        ports.serving(this)
      }
      const context = numbered(request, name === 'upgrade', ports)
      if (answer instanceof ServerResponse) answers.set(answer, context)
      return runAs(context, call)
    }
    Object.defineProperty(prototype, 'emit', { value: watched, configurable: true, writable: true })
  }
  watchAnswers(ports)
  watchStreams(answers, ports)
}

function numbered(request: IncomingMessage, isSocket: boolean, { emit }: RequestPorts): Context {
  const { rawHeaders } = request
  const at = rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === requestHeader)
  if (at === -1) return { request: -1 }
  // Made of the raw ones when it is first asked for, by their number as they came: so before one of them is taken away.
  Reflect.deleteProperty(request.headers, requestHeader)
  const [, value] = rawHeaders.splice(at, 2)
  const context = { request: Number(value) || -1 }
  const type = request.headers['content-type'] ?? ''
  const detail = `${request.method ?? ''} ${request.url ?? ''} ${type.split(';', 1)[0] ?? ''}`.trimEnd()
  emit({ event: 'request', ...context, detail })
  if (isSocket) {
    noteOpening(context)
    emit({ event: 'socket', ...context, detail })
  }
  return context
}

function watchAnswers({ answering }: RequestPorts): void {
  const end: unknown = Reflect.get(ServerResponse.prototype, 'end')
  if (typeof end !== 'function') return
  const watched = function (this: ServerResponse, ...args: unknown[]): ServerResponse {
    answering()
    return Reflect.apply(end, this, args)
  }
  Object.defineProperty(ServerResponse.prototype, 'end', {
    value: watched,
    configurable: true,
    writable: true,
  })
}

function watchStreams(answers: WeakMap<object, Context>, { telling }: RequestPorts): void {
  const write: unknown = Reflect.get(ServerResponse.prototype, 'write')
  if (typeof write !== 'function') return
  const watched = function (this: ServerResponse, ...args: unknown[]): boolean {
    const own = answers.get(this)
    const { request } = current()
    if (own !== undefined && request > 0 && own.request !== request) telling(args[0])
    return Reflect.apply(write, this, args)
  }
  Object.defineProperty(ServerResponse.prototype, 'write', {
    value: watched,
    configurable: true,
    writable: true,
  })
}
