// Uploads and signed URLs of files for a plain node:http listener.
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Files } from '../../files/files.ts'
import type { Uploads } from '../../files/upload/form.ts'
import { readUploadOptions } from '../../files/upload/options.ts'
import type { UploadRouteOptions } from '../../files/upload/options.ts'
import { answerNodeRequest, receiveNodeForm } from './node.ts'

/**
 * A function that receives the form of a request and stores its files while they arrive. It rejects with a DroverError,
 * whose `status` is the answer, and leaves no file then.
 */
export function nodeUploads(
  files: Files,
  options: UploadRouteOptions<IncomingMessage>,
): (req: IncomingMessage, res: ServerResponse) => Promise<Uploads> {
  const route = { files, options, limits: readUploadOptions(files, options) }
  return (req, res) => receiveNodeForm(route, req, req, res)
}

/** Answers a signed URL of a file in a folder; resolves to false when the request is for somebody else. */
export function nodeFiles(files: Files): (req: IncomingMessage, res: ServerResponse) => Promise<boolean> {
  return (req, res) => answerNodeRequest(files, req, res, req.url ?? '/')
}
