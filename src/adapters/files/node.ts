// What node:http gives of a request with files in it. The request outlives a body that is refused, so that it can be
// answered.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import type { Files } from '../../files/files.ts'
import { dropRest } from '../../files/rest.ts'
import { answerFileRequest } from '../../files/signed/answer.ts'
import type { FileAnswer } from '../../files/signed/answer.ts'
import { receiveForm } from '../../files/upload/form.ts'
import type { UploadLimits, UploadRouteOptions } from '../../files/upload/options.ts'
import type { Uploads } from '../../files/upload/form.ts'
import { errorAnswer, sendErrorAnswer } from '../error-answer.ts'
import { headerOf } from '../node-session.ts'

/** What receives forms of one route. */
export interface UploadRoute<Request> {
  readonly files: Files
  readonly limits: UploadLimits
  readonly options: UploadRouteOptions<Request>
}

/** Rejects with what the form is refused for; then the answer to `req` ends the connection. */
export async function receiveNodeForm<Request>(
  route: UploadRoute<Request>,
  request: Request,
  req: IncomingMessage,
  res: ServerResponse,
): Promise<Uploads> {
  try {
    const source = { header: (name: string) => headerOf(req, name), body: bodyOf(req) }
    return await receiveForm(source, { ...route, request })
  } catch (error) {
    refuseUnread(req, res)
    throw error
  }
}

/** Answers a signed URL; false when the request is for somebody else. `path` is where a router was mounted. */
export async function answerNodeRequest(
  files: Files,
  req: IncomingMessage,
  res: ServerResponse,
  url: string,
): Promise<boolean> {
  const body = () => Readable.from(bodyOf(req))
  try {
    const answer = await answerFileRequest(files, {
      method: req.method ?? 'GET',
      url,
      header: (name) => headerOf(req, name),
      body,
    })
    if (answer === undefined) return false
    await send(res, answer)
  } catch (error) {
    if (!res.headersSent) await dropRest(bodyOf(req)[Symbol.asyncIterator]())
    refuseUnread(req, res)
    // A body that was begun is cut, so that nobody takes it for complete.
    if (res.headersSent) res.destroy()
    else sendErrorAnswer(res, errorAnswer(error))
  }
  return true
}

/** Of a body that is not read to its end nothing can follow on this connection. No header: Koa's error answers drop those. */
function refuseUnread(req: IncomingMessage, res: ServerResponse): void {
  if (!req.complete && !res.headersSent && req.httpVersionMajor < 2) res.shouldKeepAlive = false
}

async function send(res: ServerResponse, { status, headers, body }: FileAnswer): Promise<void> {
  res.writeHead(status, { ...headers })
  if (body === undefined) res.end()
  else await pipeline(body, res)
}

function bodyOf(req: IncomingMessage): AsyncIterable<Uint8Array> {
  return req.iterator({ destroyOnReturn: false })
}
