// Opens the session of a node:http request and puts its gate before the response: for every framework on node:http.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { OpenSession } from '../session/session.ts'
import type { Sessions } from '../session/sessions.ts'
import { sendErrorAnswer } from './error-answer.ts'
import type { ErrorAnswer } from './error-answer.ts'
import { Incoming, judgedMethod } from './incoming.ts'
import { refusalAnswer } from './mounted-session.ts'
import { gateResponse } from './response-gate.ts'
import type { ResponseGuard } from './response-gate.ts'

/** The client as a framework sees it, by its own rules about trusted proxies. */
export interface NodeClient {
  /** Asked only by a sign-in. */
  readonly ip: () => string | undefined
  readonly encrypted: boolean
}

/** Opens the session of `req`, which must have none of this shop yet. From here on `res` waits for its commits. */
export function openNodeSession<Data extends object>(
  shop: Sessions<Data>,
  req: IncomingMessage,
  res: ServerResponse,
  { ip, encrypted }: NodeClient,
): OpenSession<Data> {
  const header = (name: string) => headerOf(req, name)
  const incoming = new Incoming({
    method: judgedMethod(req.method ?? 'GET', header),
    header,
    ip,
    encrypted,
    headLeft: () => gate.headLeft(),
  })
  const session = shop.open(req, incoming)
  const gate = gateResponse(res, guardOf(session, shop))
  return session
}

/** Lets the request on to `next`, or answers it 403 in the app's place. Waits only where the session must be read first. */
export function admit<Data extends object>(
  session: OpenSession<Data>,
  shop: Sessions<Data>,
  res: ServerResponse,
  next: () => void,
): void {
  const proceed = (answer: ErrorAnswer | undefined) => {
    if (answer === undefined) next()
    else sendErrorAnswer(res, answer)
  }
  const refusal = refusalAnswer(session, shop)
  if (refusal instanceof Promise) void refusal.then(proceed)
  else proceed(refusal)
}

/** A request header by its lower-case name, several of one name joined. */
export function headerOf(req: IncomingMessage, name: string): string | undefined {
  const value = req.headers[name]
  return Array.isArray(value) ? value.join(', ') : value
}

function guardOf<Data extends object>(session: OpenSession<Data>, shop: Sessions<Data>): ResponseGuard {
  return {
    pending: () => session.pending(),
    touched: () => session.touched(),
    commit: async () => {
      await session.commit()
      return session.takeCookies()
    },
    report: (error) => {
      shop.report(error)
    },
  }
}
