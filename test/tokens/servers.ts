// One little API with tokens, in each framework: GET /me wants a token, /pay a scope, / takes visitors too; POST /me changes something.
import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { getRequestListener } from '@hono/node-server'
import express from 'express'
import fastify from 'fastify'
import { Hono } from 'hono'
import Koa from 'koa'
import * as forExpress from 'drover/express'
import * as forFastify from 'drover/fastify'
import * as forFetch from 'drover/fetch'
import * as forHono from 'drover/hono'
import * as forKoa from 'drover/koa'
import * as forNode from 'drover/node-http'
import type { AccessToken, Tokens } from 'drover/tokens'

export interface RunningApi {
  readonly url: string
  readonly stop: () => Promise<void>
}

type Listener = Parameters<typeof createServer>[1]

const cookies = true
const pay = { scopes: ['pay'] }
const optional = { required: false }

function nameOf(token: AccessToken<object> | undefined): string {
  return token?.principal ?? 'nobody'
}

function expressApi(api: Tokens): Listener {
  const app = express()
  app.all('/me', forExpress.expressTokens(api, { cookies }), (req, res) => {
    res.send(nameOf(forExpress.tokenOf(req, api)))
  })
  app.get('/pay', forExpress.expressTokens(api, pay), (_req, res) => {
    res.send('paid')
  })
  app.get('/', forExpress.expressTokens(api, optional), (req, res) => {
    res.send(nameOf(forExpress.tokenIfAny(req, api)))
  })
  return app
}

async function fastifyApi(api: Tokens): Promise<Listener> {
  const app = fastify()
  const hook = forFastify.fastifyTokens
  app.route({
    method: ['GET', 'POST'],
    url: '/me',
    onRequest: hook(api, { cookies }),
    handler: async (request) => nameOf(forFastify.tokenOf(request, api)),
  })
  app.get('/pay', { onRequest: hook(api, pay) }, async () => 'paid')
  app.get('/', { onRequest: hook(api, optional) }, async (request) => {
    return nameOf(forFastify.tokenIfAny(request, api))
  })
  await app.ready()
  return (req, res) => {
    app.routing(req, res)
  }
}

function koaApi(api: Tokens): Listener {
  const app = new Koa()
  const routes: Readonly<Record<string, forKoa.TokenRouteOptions>> = {
    '/me': { cookies },
    '/pay': pay,
    '/': optional,
  }
  app.use((ctx, next) => forKoa.koaTokens(api, routes[ctx.path] ?? {})(ctx, next))
  app.use((ctx) => {
    ctx.body = ctx.path === '/pay' ? 'paid' : nameOf(forKoa.tokenIfAny(ctx, api))
  })
  const listener = app.callback()
  return (req, res) => void listener(req, res)
}

function honoApi(api: Tokens): Listener {
  const app = new Hono()
  app.on(['GET', 'POST'], '/me', forHono.honoTokens(api, { cookies }), (c) => {
    return c.text(nameOf(forHono.tokenOf(c, api)))
  })
  app.get('/pay', forHono.honoTokens(api, pay), (c) => c.text('paid'))
  app.get('/', forHono.honoTokens(api, optional), (c) => c.text(nameOf(forHono.tokenIfAny(c, api))))
  const listener = getRequestListener(app.fetch)
  return (req, res) => void listener(req, res)
}

function fetchApi(api: Tokens): Listener {
  const me = forFetch.fetchTokens(api, { cookies })((request: Request) => {
    return new Response(nameOf(forFetch.tokenOf(request, api)))
  })
  const paid = forFetch.fetchTokens(api, pay)(() => new Response('paid'))
  const home = forFetch.fetchTokens(
    api,
    optional,
  )((request: Request) => {
    return new Response(nameOf(forFetch.tokenIfAny(request, api)))
  })
  const handlers: Readonly<Record<string, (request: Request) => Promise<Response>>> = {
    '/me': me,
    '/pay': paid,
  }
  const listener = getRequestListener((request) => (handlers[new URL(request.url).pathname] ?? home)(request))
  return (req, res) => void listener(req, res)
}

function nodeApi(api: Tokens): Listener {
  const me = forNode.withTokens(api, (req, res) => res.end(nameOf(forNode.tokenOf(req, api))), { cookies })
  const paid = forNode.withTokens(api, (_req, res) => res.end('paid'), pay)
  const home = forNode.withTokens(api, (req, res) => res.end(nameOf(forNode.tokenIfAny(req, api))), optional)
  const listeners: Readonly<Record<string, typeof me>> = { '/me': me, '/pay': paid }
  return (req, res) => {
    const listener = listeners[req.url ?? ''] ?? home
    listener(req, res)
  }
}

export const frameworks: Readonly<Record<string, (api: Tokens) => Listener | Promise<Listener>>> = {
  express: expressApi,
  fastify: fastifyApi,
  koa: koaApi,
  hono: honoApi,
  fetch: fetchApi,
  'node-http': nodeApi,
}

export async function serve(listener: Listener): Promise<RunningApi> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const stop = async () => {
    server.closeAllConnections()
    server.close()
    await once(server, 'close')
  }
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, stop }
}
