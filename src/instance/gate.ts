// Comes before every listener of a server, those included that are added later or were there before.
import { IncomingMessage, ServerResponse } from 'node:http'
import { Duplex } from 'node:stream'
import type { HttpServer } from './app.ts'

/** Decides about each request; what it does not admit it has answered itself. */
export interface Gate {
  readonly admitsRequest: (req: IncomingMessage, res: ServerResponse) => boolean
  readonly admitsUpgrade: (req: IncomingMessage, socket: Duplex) => boolean
}

/**
 * Stands in the server's `emit`. A listener could not keep a request from the others, and taking their place would miss those
 * that come later and do the same, as engine.io does. Costs 0.1 µs of CPU time per request (docs/instance.md).
 */
export function placeGate(server: HttpServer, gate: Gate): void {
  // Node asks `checkContinue` only with a listener, and else says 100 itself, before a refusal could keep the body away.
  server.on('checkContinue', decidedInEmit)
  const emit = server.emit.bind(server)
  server.emit = (event: string, ...args: unknown[]): boolean => {
    const req = args[0]
    const other = args[1]
    switch (event) {
      case 'request':
        return !admits(gate, req, other) || emit(event, req, other)
      case 'checkContinue':
        return !admits(gate, req, other) || meetExpectation(server, emit, req, other)
      case 'checkExpectation':
        return !admits(gate, req, other) || emit(event, req, other)
      case 'upgrade':
        return !admitsUpgrade(gate, req, other) || emit(event, ...args)
      default:
        return emit(event, ...args)
    }
  }
}

type Emit = (event: string, ...args: unknown[]) => boolean

function admits(gate: Gate, req: unknown, res: unknown): boolean {
  if (req instanceof IncomingMessage && res instanceof ServerResponse) return gate.admitsRequest(req, res)
  return true
}

function admitsUpgrade(gate: Gate, req: unknown, socket: unknown): boolean {
  return req instanceof IncomingMessage && socket instanceof Duplex ? gate.admitsUpgrade(req, socket) : true
}

/** As Node does where nobody listens to `checkContinue`. */
function meetExpectation(server: HttpServer, emit: Emit, req: unknown, res: unknown): boolean {
  if (server.listenerCount('checkContinue') > 1) return emit('checkContinue', req, res)
  if (res instanceof ServerResponse) res.writeContinue()
  return emit('request', req, res)
}

function decidedInEmit(): void {}
