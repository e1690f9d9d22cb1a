// @fastify/http-proxy: no logger, undici's pool as its documentation advises, settings in turn.
import httpProxy from '@fastify/http-proxy'
import fastify from 'fastify'
import { announce, keepAliveMs, settings } from './announce.ts'

let turn = 0

const app = fastify({ logger: false, keepAliveTimeout: keepAliveMs })
await app.register(httpProxy, {
  upstream: '',
  undici: {
    connections: 128,
    pipelining: 1,
    keepAliveTimeout: keepAliveMs,
    keepAliveMaxTimeout: keepAliveMs,
  },
  disableRequestLogging: true,
  replyOptions: {
    getUpstream: () => {
      turn = (turn + 1) % settings.length
      return settings[turn] ?? ''
    },
    // What it does not say by itself and the others do.
    rewriteRequestHeaders: (request, headers) => ({
      ...headers,
      'x-forwarded-for': request.ip,
      'x-forwarded-proto': request.protocol,
      'x-forwarded-host': request.host,
    }),
  },
})
const address = await app.listen({ host: '127.0.0.1', port: 0 })
announce(Number(new URL(address).port))
