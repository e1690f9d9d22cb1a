// What a Request gives of itself where files are in it.
import { Readable } from 'node:stream'
import type { ReadableStream as WebStream } from 'node:stream/web'
import { DroverError } from '../../base/errors.ts'
import type { Files } from '../../files/files.ts'
import { answerFileRequest } from '../../files/signed/answer.ts'
import { receiveForm } from '../../files/upload/form.ts'
import type { Uploads } from '../../files/upload/form.ts'
import { errorAnswer } from '../error-answer.ts'
import { errorResponse } from '../fetch-session.ts'
import type { UploadRoute } from './node.ts'

export function receiveFetchForm<Asked>(
  route: UploadRoute<Asked>,
  asked: Asked,
  request: Request,
): Promise<Uploads> {
  const body = request.body === null ? Readable.from([]) : request.body
  return receiveForm({ header: headerOf(request), body }, { ...route, request: asked })
}

/** Undefined when the request is for somebody else. */
export async function answerFetchRequest(files: Files, request: Request): Promise<Response | undefined> {
  const { method, url } = request
  const body = () => (request.body as WebStream<Uint8Array> | null) ?? ''
  try {
    const answer = await answerFileRequest(files, { method, url, header: headerOf(request), body })
    if (answer === undefined) return undefined
    const { status, headers } = answer
    const stream = answer.body === undefined ? null : (Readable.toWeb(answer.body) as ReadableStream)
    return new Response(stream, { status, headers: { ...headers } })
  } catch (error) {
    return refusal(error)
  }
}

/** A DroverError as its answer; what is none of ours is thrown on. */
export function refusal(error: unknown): Response {
  if (error instanceof DroverError) return errorResponse(errorAnswer(error))
  throw error
}

function headerOf({ headers }: Request): (name: string) => string | undefined {
  return (name) => headers.get(name) ?? undefined
}
