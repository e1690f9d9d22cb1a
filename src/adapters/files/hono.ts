// Uploads and signed URLs of files for Hono.
import type { Context, MiddlewareHandler } from 'hono'
import type { Files } from '../../files/files.ts'
import type { Uploads } from '../../files/upload/form.ts'
import { readUploadOptions } from '../../files/upload/options.ts'
import type { UploadRouteOptions } from '../../files/upload/options.ts'
import { answerFetchRequest, receiveFetchForm, refusal } from './fetch-request.ts'
import { keepUploads, receivedUploads } from './received.ts'

/**
 * Receives a form as `expressUploads` does: `app.post('/picture', honoUploads(store, …), handler)`; what is refused is
 * answered here.
 */
export function honoUploads(files: Files, options: UploadRouteOptions<Context>): MiddlewareHandler {
  const route = { files, options, limits: readUploadOptions(files, options) }
  return async (c, next) => {
    try {
      keepUploads(c, await receiveFetchForm(route, c, c.req.raw))
    } catch (error) {
      return refusal(error)
    }
    return next()
  }
}

/** What `honoUploads` received with this request. Throws UPLOAD_NOT_MOUNTED when it is not before this handler. */
export function uploadsOf(c: Context): Uploads {
  return receivedUploads(c, 'honoUploads(…) before this handler')
}

/** Answers signed URLs of files in a folder, and passes on all else: `app.use(honoFiles(store))`. */
export function honoFiles(files: Files): MiddlewareHandler {
  return async (c, next) => (await answerFetchRequest(files, c.req.raw)) ?? next()
}
