// The middleware: finds the request's session, or begins one, and puts the gate before the answer.
import type { ServerResponse } from 'node:http'
import type { RequestHandler } from 'express'
import { gateResponse } from '../response-gate.ts'
import type { ResponseGate } from '../response-gate.ts'
import { readOptions } from './options.ts'
import type { SessionOptions, Settings } from './options.ts'
import { visitKey } from './request.ts'
import type { SessionRequest } from './request.ts'
import { restore } from './request-session.ts'
import type { Session } from './request-session.ts'
import type { Secret } from './signature.ts'
import { pathOf, sidOf } from './transport.ts'
import { beginSession } from './new-session.ts'
import { silent, Visit } from './visit.ts'
import type { VisitOf } from './visit.ts'

type Next = (error?: unknown) => void

export function sessionMiddleware(options: Partial<SessionOptions> = {}): RequestHandler {
  const settings = readOptions(options ?? {})
  const { store } = settings
  let isConnected = true
  store.on('disconnect', () => {
    isConnected = false
  })
  store.on('connect', () => {
    isConnected = true
  })
  store.generate = (req: SessionRequest) => {
    // The request's own middleware, where several share a store.
    const visit = req[visitKey]
    if (visit === undefined) beginSession(req, settings)
    else visit.begin()
  }
  return (req: SessionRequest, res: ServerResponse, next: Next) => {
    if (req.session || !isConnected || !isInScope(req, settings)) {
      next()
      return
    }
    const secrets = settings.secrets ?? secretsOf(req)
    if (secrets === undefined) next(new Error('secret option required for sessions'))
    else arrive({ settings, req, res, next, secrets })
  }
}

/** A cookie for another path would never come back. */
function isInScope(req: SessionRequest, settings: Settings): boolean {
  return pathOf(req).startsWith(settings.cookie(req).path || '/')
}

/** As the middleware cookie-parser leaves it. */
function secretsOf({ secret }: SessionRequest): readonly [Secret] | undefined {
  return typeof secret === 'string' && secret !== '' ? [secret] : undefined
}

type Arrival = Pick<VisitOf, 'settings' | 'req' | 'res' | 'next' | 'secrets'>

function arrive(arrival: Arrival): void {
  const { settings, req, res, next, secrets } = arrival
  const cookieId = sidOf(req, settings.name, secrets)
  let gate: ResponseGate | undefined
  const current = new Visit({ ...arrival, cookieId, headLeft: () => gate?.headLeft() ?? false })
  Object.defineProperty(req, visitKey, { configurable: true, value: current })
  req.sessionStore = settings.store
  req.sessionID = cookieId
  const open = (session: Session, isStored: boolean) => {
    current.opened(session, isStored)
    gate = gateResponse(res, current)
    tellEnd(res, () => current.ended())
  }
  if (cookieId === undefined) {
    open(begun(req), false)
    next()
    return
  }
  load(settings, cookieId, (error, data) => {
    if (error && !isNotFound(error)) {
      next(error)
      return
    }
    try {
      if (error || typeof data !== 'object' || data === null) open(begun(req), false)
      else open(restore(req, data), true)
    } catch (failure) {
      next(failure)
      return
    }
    next()
  })
}

/** Through the store, as an app may have put a `generate` of its own there. */
function begun(req: SessionRequest): Session {
  req.sessionStore?.generate?.(req)
  if (req.session) return req.session
  throw new TypeError('Cannot begin session: the generate method of its store made none')
}

/** Asks the store once, and waits for it no longer than for a save. */
function load(settings: Settings, sid: string, callback: (error: unknown, data?: unknown) => void): void {
  const { store, patience, storeTimeoutMs } = settings
  let isOver = false
  const settle = (error: unknown, data?: unknown) => {
    if (isOver) return
    isOver = true
    patience.end(wait)
    callback(error, data)
  }
  const wait = patience.begin(() => {
    settle(silent('load', storeTimeoutMs))
  })
  store.get(sid, settle)
}

/** Stores that keep files say so. */
function isNotFound(error: unknown): boolean {
  return typeof error === 'object' && error !== null && Reflect.get(error, 'code') === 'ENOENT'
}

function tellEnd(res: ServerResponse, onEnd: () => void): void {
  const former: unknown = Reflect.get(res, 'end')
  if (typeof former !== 'function') return
  const end = (...args: unknown[]): unknown => {
    onEnd()
    return Reflect.apply(former, res, args)
  }
  Object.assign(res, { end })
}
