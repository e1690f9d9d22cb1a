// Uploads and signed URLs of files for Express 4 and 5.
import type { IncomingMessage } from 'node:http'
import type { Request, RequestHandler } from 'express'
import type { Files } from '../../files/files.ts'
import type { Uploads } from '../../files/upload/form.ts'
import { readUploadOptions } from '../../files/upload/options.ts'
import type { UploadRouteOptions } from '../../files/upload/options.ts'
import { answerNodeRequest, receiveNodeForm } from './node.ts'
import { keepUploads, receivedUploads } from './received.ts'

/**
 * Receives a form (`multipart/form-data`) and stores its files while they arrive; the handlers after it have them as
 * `uploadsOf(req)`. What is refused goes to the error handler with its status and code, and leaves no file. Mount it on
 * the route, before anything that reads bodies: `app.post('/picture', expressUploads(store, { key, accept: ['image/png']
 * }), handler)`.
 */
export function expressUploads(files: Files, options: UploadRouteOptions<Request>): RequestHandler {
  const route = { files, options, limits: readUploadOptions(files, options) }
  return async (req, res, next) => {
    try {
      keepUploads(req, await receiveNodeForm(route, req, req, res))
    } catch (error) {
      next(error)
      return
    }
    next()
  }
}

/** What `expressUploads` received with this request. Throws UPLOAD_NOT_MOUNTED when it is not before this handler. */
export function uploadsOf(req: IncomingMessage): Uploads {
  return receivedUploads(req, 'expressUploads(…) before this handler')
}

/**
 * Answers signed URLs of files in a folder, and passes on all else; where files rest in a bucket it only passes on. Mount
 * it on the app, before body parsers: `app.use(expressFiles(store))`.
 */
export function expressFiles(files: Files): RequestHandler {
  return async (req, res, next) => {
    if (!(await answerNodeRequest(files, req, res, req.originalUrl))) next()
  }
}
