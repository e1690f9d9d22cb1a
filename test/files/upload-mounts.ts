// One app with uploads and signed URLs, in each framework: POST /upload answers what it received as JSON.
import type { IncomingMessage, ServerResponse } from 'node:http'
import { randomUUID } from 'node:crypto'
import express from 'express'
import type { ErrorRequestHandler } from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import { getRequestListener } from '@hono/node-server'
import { expressFiles, expressUploads, uploadsOf as expressUploadsOf } from '../../src/adapters/express.ts'
import { fastifyFiles, fastifyUploads, uploadsOf as fastifyUploadsOf } from '../../src/adapters/fastify.ts'
import { fetchFiles, fetchUploads, uploadsOf as fetchUploadsOf } from '../../src/adapters/fetch.ts'
import { honoFiles, honoUploads, uploadsOf as honoUploadsOf } from '../../src/adapters/hono.ts'
import { koaFiles, koaUploads, uploadsOf as koaUploadsOf } from '../../src/adapters/koa.ts'
import { nodeFiles, nodeUploads } from '../../src/adapters/node-http.ts'
import { isDroverError } from '../../src/base/errors.ts'
import type { Files } from '../../src/files/index.ts'
import type { IncomingFile, UploadProgress } from '../../src/files/upload/options.ts'
import { serveListener } from '../adapters/adapter.ts'

export interface RunningApp {
  readonly origin: string
  readonly close: () => Promise<void>
}

export type Mount = (files: Files, progress: UploadProgress[]) => Promise<RunningApp>

function options(progress: UploadProgress[]) {
  return {
    key: ({ field }: IncomingFile) => `${field}/${randomUUID()}`,
    accept: ['image/*'],
    maxBytes: 200_000,
    maxFiles: 2,
    maxFields: 2,
    maxFieldBytes: 100,
    onProgress: (one: UploadProgress) => {
      progress.push(one)
    },
  }
}

async function running(
  listener: (req: IncomingMessage, res: ServerResponse) => unknown,
): Promise<RunningApp> {
  const { port, close } = await serveListener(listener)
  return { origin: `http://127.0.0.1:${port}`, close }
}

export const mounts: Readonly<Record<string, Mount>> = {
  'node:http': (files, progress) => {
    const answer = nodeFiles(files)
    const receive = nodeUploads(files, options(progress))
    return running(async (req, res) => {
      if (await answer(req, res)) return
      try {
        const uploads = await receive(req, res)
        res.setHeader('content-type', 'application/json').end(JSON.stringify(uploads))
      } catch (error) {
        res.statusCode = isDroverError(error) ? error.status : 500
        res.end(JSON.stringify({ code: isDroverError(error) ? error.code : String(error) }))
      }
    })
  },
  Express: (files, progress) => {
    const app = express()
    app.use(expressFiles(files))
    app.post('/upload', expressUploads(files, options(progress)), (req, res) => {
      res.json(expressUploadsOf(req))
    })
    const answerError: ErrorRequestHandler = (error: { status?: number }, _req, res, _next) => {
      res.sendStatus(error.status ?? 500)
    }
    app.use(answerError)
    return running(app)
  },
  Fastify: async (files, progress) => {
    const app = fastify()
    await app.register(fastifyFiles(files))
    app.post('/upload', { preHandler: fastifyUploads(files, options(progress)) }, (request, reply) =>
      reply.send(fastifyUploadsOf(request)),
    )
    const origin = await app.listen({ port: 0, host: '127.0.0.1' })
    return { origin, close: () => app.close() }
  },
  Koa: (files, progress) => {
    const app = new Koa()
    // What is refused is expected here, and by default Koa prints it.
    app.silent = true
    app.use(koaFiles(files))
    const receive = koaUploads(files, options(progress))
    app.use((ctx, next) => (ctx.path === '/upload' ? receive(ctx, next) : next()))
    app.use((ctx) => {
      ctx.body = koaUploadsOf(ctx)
    })
    const listener = app.callback()
    return running((req, res) => listener(req, res))
  },
  Hono: (files, progress) => {
    const app = new Hono()
    app.use(honoFiles(files))
    app.post('/upload', honoUploads(files, options(progress)), (c) => c.json(honoUploadsOf(c)))
    return running(getRequestListener(app.fetch))
  },
  fetch: (files, progress) => {
    const receive = fetchUploads(files, options(progress))
    const app = fetchFiles(files)(receive((request) => Response.json(fetchUploadsOf(request))))
    return running(getRequestListener((request) => app(request)))
  },
}
