// http-proxy-3, the maintained line of http-proxy: an agent that keeps connections, settings in turn.
import { Agent, createServer } from 'node:http'
import { createProxyServer } from 'http-proxy-3'
import { serve, settings } from './announce.ts'

// Without this agent each request opens a connection of its own, which is several times slower.
const agent = new Agent({ keepAlive: true, maxSockets: Infinity, maxFreeSockets: 1024 })
const proxy = createProxyServer({ agent, xfwd: true })
let turn = 0

serve(
  createServer((request, response) => {
    turn = (turn + 1) % settings.length
    proxy.web(request, response, { target: settings[turn] ?? '' }, (error) => {
      response.writeHead(502).end(String(error))
    })
  }),
)
