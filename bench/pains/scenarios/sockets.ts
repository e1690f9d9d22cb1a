// A visitor has a WebSocket open on one server and signs out on another.
import { once } from 'node:events'
import { setTimeout as pause } from 'node:timers/promises'
import { WebSocket } from 'ws'
import {
  revocationPatienceMs,
  tryEverybody,
  type Observation,
  type Scenario,
  type Scene,
} from '../scenario.ts'
import { Visitor } from '../visitor.ts'

export const sockets: Scenario = {
  pain: '12 sockets keep dead sessions',
  exempts: tryEverybody,
  observe,
}

async function observe({ a, b }: Scene): Promise<Observation> {
  const visitor = new Visitor()
  await visitor.ask(`${a}/login/ada`)
  const socket = new WebSocket(`${b.replace('http', 'ws')}/`, { headers: { cookie: visitor.cookieHeader } })
  await once(socket, 'message')
  const closed = once(socket, 'close')
  await visitor.ask(`${a}/logout`)
  const startMs = performance.now()
  const end = await Promise.race([closed, pause(revocationPatienceMs)])
  const tookMs = Math.round(performance.now() - startMs)
  socket.terminate()
  return end === undefined
    ? { suffers: true, seen: `the socket is still open ${revocationPatienceMs} ms after the logout` }
    : { suffers: false, seen: `the socket was closed ${tookMs} ms after the logout` }
}
