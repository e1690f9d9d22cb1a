// Tokens for a plain node:http listener.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TokenReader } from '../../tokens/tokens.ts'
import { errorAnswer, sendErrorAnswer } from '../error-answer.ts'
import type { TokenRouteOptions } from './admit.ts'
import { admitNodeToken } from './node-tokens.ts'

// Requests of Express are those of node:http.
export { tokenIfAny, tokenOf } from './express.ts'

/**
 * Wraps a listener, or a part of one, so that only requests with a good access token reach it, as `expressTokens` does. What the listener throws is reported, and answered as
 * its error says.
 */
export function withTokens<Claims extends object>(
  reader: TokenReader<Claims>,
  listener: (req: IncomingMessage, res: ServerResponse) => unknown,
  options: TokenRouteOptions = {},
): (req: IncomingMessage, res: ServerResponse) => void {
  const serve = async (req: IncomingMessage, res: ServerResponse) => {
    const answer = await admitNodeToken(reader, req, res, options)
    if (answer === undefined) await listener(req, res)
    else sendErrorAnswer(res, answer)
  }
  return (req, res) => {
    serve(req, res).catch((error: unknown) => {
      reader.report(error)
      if (res.headersSent) res.destroy()
      else sendErrorAnswer(res, errorAnswer(error))
    })
  }
}
