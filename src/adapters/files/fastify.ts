// Uploads and signed URLs of files for Fastify 5.
import type { FastifyPluginCallback, FastifyReply, FastifyRequest } from 'fastify'
import type { Files } from '../../files/files.ts'
import type { Uploads } from '../../files/upload/form.ts'
import { readUploadOptions } from '../../files/upload/options.ts'
import type { UploadRouteOptions } from '../../files/upload/options.ts'
import { answerNodeRequest, receiveNodeForm } from './node.ts'
import { keepUploads, receivedUploads } from './received.ts'

/** A `preHandler` hook. */
export type FastifyUploadsHook = (request: FastifyRequest, reply: FastifyReply) => Promise<void>

/**
 * Receives a form as `expressUploads` does, as a `preHandler` hook of a route: `app.post('/picture', { preHandler:
 * fastifyUploads(store, …) }, handler)`. Register `fastifyFiles(store)` before, which lets forms through to it.
 */
export function fastifyUploads(
  files: Files,
  options: UploadRouteOptions<FastifyRequest>,
): FastifyUploadsHook {
  const route = { files, options, limits: readUploadOptions(files, options) }
  return async (request, reply) => {
    keepUploads(request.raw, await receiveNodeForm(route, request, request.raw, reply.raw))
  }
}

/** What `fastifyUploads` received with this request. Throws UPLOAD_NOT_MOUNTED when it is no hook of this route. */
export function uploadsOf(request: FastifyRequest): Uploads {
  return receivedUploads(request.raw, 'fastifyUploads(…) as preHandler of this route')
}

/**
 * A plugin that answers signed URLs of files in a folder, before any body is read, and leaves forms unread for
 * `fastifyUploads`. Needed with a bucket too.
 */
export function fastifyFiles(files: Files): FastifyPluginCallback {
  const plugin: FastifyPluginCallback = (app, _options, done) => {
    app.addContentTypeParser('multipart/form-data', (_request, _payload, next) => {
      next(null)
    })
    app.addHook('onRequest', async (request, reply) => {
      if (await answerNodeRequest(files, request.raw, reply.raw, request.url)) reply.hijack()
    })
    done()
  }
  // What fastify-plugin does: the hook is for the app that registers this, not only for routes registered in here.
  return Object.assign(plugin, {
    [Symbol.for('skip-override')]: true,
    [Symbol.for('fastify.display-name')]: 'drover-files',
    [Symbol.for('plugin-meta')]: { name: 'drover-files', fastify: '>=5' },
  })
}
