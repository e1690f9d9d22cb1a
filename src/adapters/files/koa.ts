// Uploads and signed URLs of files for Koa.
import type { Context, Middleware } from 'koa'
import type { Files } from '../../files/files.ts'
import type { Uploads } from '../../files/upload/form.ts'
import { readUploadOptions } from '../../files/upload/options.ts'
import type { UploadRouteOptions } from '../../files/upload/options.ts'
import { answerNodeRequest, receiveNodeForm } from './node.ts'
import { keepUploads, receivedUploads } from './received.ts'

/**
 * Receives a form as `expressUploads` does: `router.post('/picture', koaUploads(store, { key, accept: ['image/png'] }),
 * handler)`. Rejects with what is refused, so that Koa answers its status, and leaves no file then.
 */
export function koaUploads(files: Files, options: UploadRouteOptions<Context>): Middleware {
  const route = { files, options, limits: readUploadOptions(files, options) }
  return async (ctx, next) => {
    keepUploads(ctx.req, await receiveNodeForm(route, ctx, ctx.req, ctx.res))
    return next()
  }
}

/** What `koaUploads` received with this request. Throws UPLOAD_NOT_MOUNTED when it is not before this middleware. */
export function uploadsOf(ctx: Pick<Context, 'req'>): Uploads {
  return receivedUploads(ctx.req, 'koaUploads(…) before this middleware')
}

/** Answers signed URLs of files in a folder, and passes on all else, as `expressFiles` does: `app.use(koaFiles(store))`. */
export function koaFiles(files: Files): Middleware {
  return async (ctx, next) => {
    if (!(await answerNodeRequest(files, ctx.req, ctx.res, ctx.originalUrl))) return next()
    // It was answered by node:http itself; Koa is not to add an answer of its own.
    ctx.respond = false
    return undefined
  }
}
