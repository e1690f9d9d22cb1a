// Uploads and signed URLs of files for handlers from Request to Response.
import type { Files } from '../../files/files.ts'
import type { Uploads } from '../../files/upload/form.ts'
import { readUploadOptions } from '../../files/upload/options.ts'
import type { UploadRouteOptions } from '../../files/upload/options.ts'
import { answerFetchRequest, receiveFetchForm, refusal } from './fetch-request.ts'
import { keepUploads, receivedUploads } from './received.ts'

type Handler<Rest extends readonly unknown[]> = (
  request: Request,
  ...rest: Rest
) => Response | Promise<Response>
type Wrap = <Rest extends readonly unknown[]>(
  handler: Handler<Rest>,
) => (request: Request, ...rest: Rest) => Promise<Response>

/**
 * Wraps a handler so that the form it is sent has been received and its files are stored: `uploadsOf(request)`. What is
 * refused is answered in its place, and leaves no file: `fetchUploads(store, { key, accept: ['image/png'] })(handler)`.
 */
export function fetchUploads(files: Files, options: UploadRouteOptions<Request>): Wrap {
  const route = { files, options, limits: readUploadOptions(files, options) }
  return (handler) =>
    async (request, ...rest) => {
      try {
        keepUploads(request, await receiveFetchForm(route, request, request))
      } catch (error) {
        return refusal(error)
      }
      return handler(request, ...rest)
    }
}

/** What `fetchUploads` received with this very Request. Throws UPLOAD_NOT_MOUNTED otherwise. */
export function uploadsOf(request: Request): Uploads {
  return receivedUploads(request, 'fetchUploads(…)(handler) with this very Request')
}

/** Wraps a handler so that signed URLs of files in a folder are answered, as `expressFiles` does. */
export function fetchFiles(files: Files): Wrap {
  return (handler) =>
    async (request, ...rest) =>
      (await answerFetchRequest(files, request)) ?? handler(request, ...rest)
}
