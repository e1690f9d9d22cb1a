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
    if (event === 'request' || event === 'checkContinue' || event === 'checkExpectation') {
      const [req, res] = args
      if (!(req instanceof IncomingMessage) || !(res instanceof ServerResponse)) return emit(event, ...args)
      if (!gate.admitsRequest(req, res)) return true
      if (event !== 'checkContinue' || server.listenerCount(event) > 1) return emit(event, ...args)
      res.writeContinue()
      return emit('request', req, res)
    }
    if (event === 'upgrade') {
      const [req, socket] = args
      if (req instanceof IncomingMessage && socket instanceof Duplex && !gate.admitsUpgrade(req, socket))
        return true
    }
    return emit(event, ...args)
  }
}

function decidedInEmit(): void {}
