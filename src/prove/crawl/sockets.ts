// WebSockets of the app, tried on the instance: what one visitor sends and who hears of it.
import { exchange, exchangeLimits } from '../drive/exchange.ts'
import { Sockets } from '../drive/sockets.ts'
import type { WebSocketStep } from '../flow/flow.ts'
import type { CrawlOptions } from './crawl.ts'
import type { Tour } from './tour.ts'
import type { Visitor } from './visitor.ts'

const openWithinMs = 1_000
const hearWithinMs = 400
/** In the flow, where instances may be slow. */
const expectWithinMs = 3_000

const said = 'proof of drover'
const messages = [
  said,
  JSON.stringify({
    type: 'message',
    text: said,
    message: said,
    content: said,
    data: said,
    user: 'proof',
    name: 'proof',
    room: 'lobby',
  }),
]

/** Steps for the first path that takes WebSockets and answers; none where none does. */
export async function socketSteps(
  origin: string,
  paths: readonly string[],
  clients: readonly [string, string],
): Promise<readonly WebSocketStep[]> {
  for (const path of paths) {
    for (const text of messages) {
      const steps = await tryPath(origin, path, text, clients)
      if (steps.length > 0) return steps
    }
  }
  return []
}

async function tryPath(
  origin: string,
  path: string,
  text: string,
  [one, other]: readonly [string, string],
): Promise<readonly WebSocketStep[]> {
  const sockets = new Sockets()
  const opening = {
    url: origin.replace(/^http/, 'ws') + path,
    protocols: [],
    headers: {},
    instance: 1,
    timeoutMs: openWithinMs,
  }
  try {
    for (const client of [one, other]) if ((await sockets.connect(client, opening)).status !== 101) return []
    // Greetings of the app come before anything is said.
    await sockets.expect(other, said, hearWithinMs)
    sockets.send(one, text)
    const heard = await sockets.expect(other, said, hearWithinMs)
    const own = await sockets.expect(one, said, hearWithinMs)
    const hears = [...(heard.status === 101 ? [other] : []), ...(own.status === 101 ? [one] : [])]
    return hears.length === 0 ? [] : conversation(path, text, [one, other], hears)
  } finally {
    sockets.closeAll()
  }
}

function conversation(
  path: string,
  text: string,
  clients: readonly string[],
  hears: readonly string[],
): readonly WebSocketStep[] {
  const step = (client: string, action: WebSocketStep['action']): WebSocketStep => ({
    kind: 'websocket',
    client,
    origin: `WebSocket ${path}, crawled`,
    socket: 'socket',
    action,
  })
  const [one = ''] = clients
  return [
    ...clients.map((client) => step(client, { do: 'connect', path, headers: {} })),
    step(one, { do: 'send', text }),
    ...hears.map((client) => step(client, { do: 'expect', includes: said, withinMs: expectWithinMs })),
    ...clients.map((client) => step(client, { do: 'close' })),
  ]
}

/**
 * Whether the app may take WebSockets, by how it answers who asks for one at its front page: a server that knows none answers as if
 * nobody had asked for one (RFC 9110 section 7.8); one that knows some elsewhere refuses, or hangs up. So do gunicorn and Next for
 * apps that take none.
 */
export async function mayTakeSockets(
  origin: string,
  { host, signal, requestTimeoutMs: timeoutMs }: Pick<CrawlOptions, 'host' | 'signal' | 'requestTimeoutMs'>,
): Promise<boolean> {
  const ask = (more: Readonly<Record<string, string>>): Promise<number> => {
    const outgoing = { method: 'GET', path: '/', headers: { host, accept: '*/*', ...more }, body: undefined }
    const limits = { ...exchangeLimits, timeoutMs }
    return exchange(origin, outgoing, limits, signal).then(({ status }) => status)
  }
  const plain = await ask({})
  const upgraded = await ask({
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': Buffer.from('proof of drover.').toString('base64'),
  })
  return upgraded !== plain
}

/** Engine.IO's polling: three plain requests that show whether another instance knows the session. */
export async function pollSocketIo(tour: Tour, visitor: Visitor): Promise<void> {
  const path = '/socket.io/?EIO=4&transport=polling'
  const opened = await tour.journey.ask(visitor, { path, purpose: 'probe' })
  const sid = /"sid":"([\w-]+)"/.exec(opened?.answer.text ?? '')?.[1]
  if (opened === undefined || sid === undefined) {
    if (opened !== undefined) tour.journey.judge(opened, 'failed')
    return
  }
  const needs = [opened.index]
  const body = { kind: 'text', text: '40', type: 'text/plain;charset=UTF-8' } as const
  const connected = await tour.journey.ask(visitor, {
    method: 'POST',
    path: `${path}&sid=${sid}`,
    body,
    purpose: 'write',
    needs,
  })
  if (connected !== undefined)
    await tour.journey.ask(visitor, {
      path: `${path}&sid=${sid}`,
      purpose: 'read-back',
      needs: [...needs, connected.index],
    })
}
