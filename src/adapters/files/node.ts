// What node:http gives of a request with files in it. The request outlives a body that is refused, so that it can be
// answered.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { Readable } from 'node:stream'
import type { Files } from '../../files/files.ts'
import { answerFileRequest } from '../../files/signed/answer.ts'
import type { FileAnswer } from '../../files/signed/answer.ts'
import { receiveForm } from '../../files/upload/form.ts'
import type { UploadLimits, UploadRouteOptions } from '../../files/upload/options.ts'
import type { Uploads } from '../../files/upload/form.ts'
import { errorAnswer, sendErrorAnswer } from '../error-answer.ts'

/** What receives forms of one route. */
export interface UploadRoute<Request> {
  readonly files: Files
  readonly limits: UploadLimits
  readonly options: UploadRouteOptions<Request>
}

export function receiveNodeForm<Request>(
  route: UploadRoute<Request>,
  request: Request,
  raw: IncomingMessage,
): Promise<Uploads> {
  return receiveForm({ header: headerOf(raw), body: bodyOf(raw) }, { ...route, request })
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
      header: headerOf(req),
      body,
    })
    if (answer === undefined) return false
    await send(res, answer)
  } catch (error) {
    refuseUnread(req, res)
    // A body that was begun is cut, so that nobody takes it for complete.
    if (res.headersSent) res.destroy()
    else sendErrorAnswer(res, errorAnswer(error))
  }
  return true
}

/** Of a body that is not read to its end nothing can follow on this connection. */
export function refuseUnread(req: IncomingMessage, res: ServerResponse): void {
  if (!req.complete && !res.headersSent && req.httpVersionMajor < 2) res.setHeader('connection', 'close')
}

async function send(res: ServerResponse, { status, headers, body }: FileAnswer): Promise<void> {
  res.writeHead(status, { ...headers })
  if (body === undefined) res.end()
  else await pipeline(body, res)
}

function headerOf({ headers }: IncomingMessage): (name: string) => string | undefined {
  return (name) => {
    const value = headers[name]
    return typeof value === 'string' ? value : value?.join(', ')
  }
}

function bodyOf(req: IncomingMessage): AsyncIterable<Uint8Array> {
  return req.iterator({ destroyOnReturn: false })
}
