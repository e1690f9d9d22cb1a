// What a drive sends and notes, against real servers: site name, cookies, captures, bodies, encodings, WebSockets.
import assert from 'node:assert/strict'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { after, it } from 'node:test'
import { gzipSync } from 'node:zlib'
import { WebSocketServer } from 'ws'
import { drive, driveOptions, type Driven } from '../../src/prove/drive/drive.ts'
import { exchangeLimits } from '../../src/prove/drive/exchange.ts'
import { singleSchedule } from '../../src/prove/drive/schedule.ts'
import type { Flow, HttpStep, Step, WebSocketStep } from '../../src/prove/flow/flow.ts'
import type { Observation } from '../../src/prove/trace.ts'
import { flowOf } from './support/flows.ts'

const open: Server[] = []

after(() => {
  for (const server of open) {
    server.close()
    server.closeAllConnections()
  }
})

async function serve(
  listener: RequestListener,
): Promise<{ readonly server: Server; readonly origin: string; readonly port: number }> {
  const server = createServer(listener)
  open.push(server)
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  return { server, origin: `http://127.0.0.1:${port}`, port }
}

function driven(origins: readonly string[]): Driven {
  return { mode: 'private-disk', origins, restart: async () => undefined, portOf: () => 0 }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(Buffer.from(chunk))
  return Buffer.concat(chunks).toString()
}

/** All steps on the one origin, or in turn on several. */
async function observed(flow: Flow, ...origins: readonly string[]): Promise<readonly Observation[]> {
  const schedule = flow.steps.map((_, index) => ({ instance: (index % origins.length) + 1, restart: false }))
  return (await drive(flow, driven(origins), schedule)).observations
}

const text = (observation: Observation | undefined): string => Buffer.from(observation?.body ?? []).toString()

it('every instance is asked in the name of one site, and its own address is read as the site', async () => {
  const answer =
    (port: () => number): RequestListener =>
    (request, response) => {
      response.setHeader('location', `http://127.0.0.1:${port()}/next`)
      response.end(`${request.headers.host} on ${port()}, http://localhost:${port()}/x`)
    }
  let ports: readonly number[] = []
  const one = await serve(answer(() => ports[0] ?? 0))
  const two = await serve(answer(() => ports[1] ?? 0))
  ports = [one.port, two.port]
  for (const observation of await observed(flowOf('GET /', 'GET /'), one.origin, two.origin)) {
    assert.equal(text(observation), 'localhost:3000 on 3000, http://localhost:3000/x')
    assert.deepEqual(observation.headers['location'], ['http://localhost:3000/next'])
  }
})

it('a redirect is an answer; cookies go with the client wherever it is sent, and to nobody else', async () => {
  const listener: RequestListener = (request, response) => {
    if (request.url === '/login') {
      response.writeHead(303, { location: '/me', 'set-cookie': 'sid=1; Path=/; Secure; Domain=shop.example' })
      response.end()
    } else response.end(String(request.headers.cookie))
  }
  const origins = [(await serve(listener)).origin, (await serve(listener)).origin]
  const [login, mine, others] = await observed(
    flowOf('ann POST /login', 'ann GET /me', 'bob GET /me'),
    ...origins,
  )
  assert.equal(login?.status, 303)
  assert.equal(text(mine), 'sid=1')
  assert.equal(text(others), 'undefined')
  assert.deepEqual([login.instance, mine?.instance], [1, 2])
})

it('what was captured fills paths, headers and bodies of later steps', async () => {
  const { origin } = await serve((request, response) => {
    void bodyOf(request).then((body) => {
      response.setHeader('content-type', 'application/json')
      if (request.url === '/new') response.end(JSON.stringify({ item: { id: 7 }, token: 't&1' }))
      else
        response.end(
          JSON.stringify([request.url, request.headers.authorization, body, request.headers['content-type']]),
        )
    })
  })
  const flow = flowOf(
    'POST /new {"x":1} -> id=json:item.id',
    'POST /new -> token=regex:"token":"([^"]+)"',
    'PUT /items/${id}?a=ü {"id":"${id}"} auth:${token}',
    'POST /form form:t=${token}',
  )
  const [first, , put, form] = await observed(flow, origin)
  assert.deepEqual(first?.captured, { id: '7' })
  assert.deepEqual(JSON.parse(text(put)), [
    '/items/7?a=%C3%BC',
    'Bearer t&1',
    '{"id":"7"}',
    'application/json',
  ])
  assert.deepEqual(JSON.parse(text(form)).slice(2), ['t=t%261', 'application/x-www-form-urlencoded'])
})

it('what a flow asks on a condition is asked so, with what was captured', async () => {
  const { origin } = await serve((request, response) => {
    response.setHeader('etag', '"a"')
    response.statusCode = request.headers['if-none-match'] === '"a"' ? 304 : 200
    response.end(response.statusCode === 200 ? 'page' : undefined)
  })
  const [first, again] = flowOf('GET / -> tag=header:etag', 'GET /').steps
  assert.ok(first !== undefined && again?.kind === 'http')
  const conditional = { ...again, headers: { 'If-None-Match': '${tag}' } }
  const seen = await observed({ clients: ['ann'], steps: [first, conditional] }, origin)
  assert.deepEqual(
    seen.map((observation) => [observation.status, text(observation)]),
    [
      [200, 'page'],
      [304, ''],
    ],
  )
})

it('files are sent as multipart, and compressed answers are read', async () => {
  const { origin } = await serve((request, response) => {
    void bodyOf(request).then((body) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'text/plain' })
      response.end(gzipSync(body))
    })
  })
  const [plain] = flowOf('POST /upload').steps
  assert.ok(plain?.kind === 'http')
  const parts = [{ name: 'photo', value: 'bytes', filename: 'a"b.png', type: 'image/png' }]
  const step: HttpStep = { ...plain, body: { kind: 'multipart', parts } }
  const [observation] = await observed({ clients: ['ann'], steps: [step] }, origin)
  assert.match(
    text(observation),
    /name="photo"; filename="a%22b.png"\r\nContent-Type: image\/png\r\n\r\nbytes\r\n--/,
  )
})

it('a server that hangs, breaks off or is not there is an observation; a stream of events ends once it is silent', async () => {
  const { origin } = await serve((request, response) => {
    if (request.url === '/broken') request.socket.destroy()
    if (request.url !== '/events') return
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: one\n\n')
  })
  const flow = flowOf('GET /hangs', 'GET /broken', 'GET /events', 'GET /gone')
  const schedule = [1, 1, 1, 2].map((instance) => ({ instance, restart: false }))
  const limits = { ...exchangeLimits, timeoutMs: 1500, streamIdleMs: 50 }
  const gone = await serve(() => undefined)
  await new Promise((resolve) => {
    gone.server.close(resolve)
  })
  const trace = await drive(flow, driven([origin, gone.origin]), schedule, { ...driveOptions, limits })
  assert.deepEqual(
    trace.observations.map(({ status, error }) => [status, error]),
    [
      [0, 'timeout'],
      [0, 'ECONNRESET'],
      [200, undefined],
      [0, 'ECONNREFUSED'],
    ],
  )
  assert.equal(text(trace.observations[2]), 'data: one\n\n')
})

it('a stream of events stays open: what later steps send on it is noted after their step, and may be expected', async () => {
  const listeners = new Set<ServerResponse>()
  let port = 0
  const served = await serve((request, response) => {
    if (request.url === '/events') {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write('data: welcome\n\n: nobody hears this\n\n')
      listeners.add(response)
      return
    }
    for (const listener of listeners) listener.write(`event: said\ndata: at ${port}\n\n`)
    response.end()
  })
  port = served.port
  const expecting = (includes: string): Step => ({
    kind: 'websocket',
    socket: 'socket',
    origin: 'here',
    client: 'ann',
    action: { do: 'expect', includes, withinMs: 300 },
  })
  const { steps } = flowOf('ann GET /events', 'bob POST /say')
  const asked = { clients: ['ann', 'bob'], steps: [...steps, expecting('said at'), expecting('welcome')] }
  const limits = { ...exchangeLimits, streamIdleMs: 50 }
  const trace = await drive(asked, driven([served.origin]), singleSchedule(asked), {
    ...driveOptions,
    limits,
  })
  const [log] = trace.streams ?? []
  assert.deepEqual(
    log?.events.map(({ text: said, after: step, isGreeting }) => [said, step, isGreeting]),
    [
      ['welcome', 0, true],
      ['said at 3000', 1, false],
    ],
  )
  assert.deepEqual(
    trace.observations.slice(2).map(({ messages, error }) => [messages.join(), error]),
    [
      ['said at 3000', undefined],
      ['', 'no such message'],
    ],
  )
})

it('WebSockets carry cookies, stay where they were opened, and give out what came up to what was expected', async () => {
  const rooms = [await room(), await room()]
  const at = (client: string, action: WebSocketStep['action']): Step => ({
    kind: 'websocket',
    socket: 's',
    origin: 'here',
    client,
    action,
  })
  const connect = { do: 'connect', path: '/chat', headers: { 'Sec-WebSocket-Protocol': 'chat' } } as const
  const steps = [
    ...flowOf('ann GET /', 'bob GET /').steps,
    at('ann', connect),
    at('bob', connect),
    at('ann', { do: 'expect', includes: 'name=x', withinMs: 2000 }),
    at('ann', { do: 'send', text: 'hello' }),
    at('ann', { do: 'expect', includes: 'hello', withinMs: 2000 }),
    at('bob', { do: 'expect', includes: 'hello', withinMs: 200 }),
    at('bob', { do: 'close' }),
  ]
  const together = await observed({ clients: ['ann', 'bob'], steps }, rooms[0] ?? '')
  assert.deepEqual(together.map(({ error }) => error).filter(Boolean), [])
  assert.deepEqual(together[7]?.messages, ['welcome name=x chat', 'hello'])
  const apart = await observed({ clients: ['ann', 'bob'], steps }, ...rooms)
  assert.equal(apart[7]?.error, 'no such message')
  assert.deepEqual([apart[2]?.instance, apart[6]?.instance, apart[7]?.instance], [1, 1, 2])
})

/** A chat room of one server; its pages set a cookie. */
async function room(): Promise<string> {
  const { server, origin } = await serve((_, response) => {
    response.setHeader('set-cookie', 'name=x')
    response.end()
  })
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (socket, request) => {
    socket.send(`welcome ${request.headers.cookie} ${socket.protocol}`)
    socket.on('message', (data: Buffer) => {
      for (const each of sockets.clients) each.send(data.toString())
    })
  })
  return origin
}
