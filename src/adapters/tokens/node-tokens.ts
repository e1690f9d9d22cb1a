// Tokens before a node:http response, for every framework on node:http.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { TokenReader } from '../../tokens/tokens.ts'
import type { ErrorAnswer } from '../error-answer.ts'
import { headerOf } from '../node-session.ts'
import { admitToken } from './admit.ts'
import type { TokenRouteOptions } from './admit.ts'

/** Undefined when the request may go on; its token is with `req`. */
export async function admitNodeToken<Claims extends object>(
  reader: TokenReader<Claims>,
  req: IncomingMessage,
  res: ServerResponse,
  options: TokenRouteOptions,
): Promise<ErrorAnswer | undefined> {
  const request = { method: req.method ?? 'GET', header: (name: string) => headerOf(req, name) }
  const admission = await admitToken(reader, req, request, options)
  if (!('isAdmitted' in admission)) return admission
  // The app may say otherwise. Answers to an Authorization header are private by themselves (RFC 9111 section 3.5).
  if (admission.isPrivate && !res.headersSent) {
    res.setHeader('cache-control', 'private')
    res.appendHeader('vary', 'Cookie')
  }
  return undefined
}
