// A fetch app as a node:http listener, by the optional peer `@hono/node-server`.
import type { RequestListener } from 'node:http'
import { refusePeer } from '../base/peer.ts'
import type { FetchApp } from './app.ts'

/** Rejects with PEER_MISSING when the package is not installed. Handlers are given node's pair as `env`, as Hono's own server does. */
export async function fetchListener(app: FetchApp): Promise<RequestListener> {
  const { getRequestListener } = await loadNodeServer()
  const listener = getRequestListener((request, env) => app.fetch(request, env))
  return (req, res) => void listener(req, res)
}

async function loadNodeServer(): Promise<typeof import('@hono/node-server')> {
  try {
    return await import('@hono/node-server')
  } catch (error) {
    return refusePeer(error, 'Cannot serve a fetch app', '@hono/node-server')
  }
}
