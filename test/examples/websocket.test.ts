// examples/websocket: two of its servers on one store, with real sockets.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { Visitor } from '../shop/visitor.ts'
import { until } from '../support/until.ts'
import { signedIn, startChats } from './chat.ts'
import type { ExampleServer } from './example-server.ts'

const program = 'examples/websocket/server.ts'
const timeout = 60_000

interface News {
  readonly hello?: { readonly user: string; readonly server: string }
  readonly message?: { readonly id: number; readonly user: string; readonly text: string }
}

interface Chatter {
  readonly ws: WebSocket
  readonly news: readonly News[]
  readonly texts: () => readonly string[]
  readonly closed: Promise<unknown[]>
}

/** Resolves once the server has said hello. */
async function enter(server: ExampleServer, visitor: Visitor, after = 0): Promise<Chatter> {
  const ws = new WebSocket(`ws://127.0.0.1:${server.port}/?after=${after}`, {
    headers: { cookie: visitor.cookies, origin: server.url },
  })
  const news: News[] = []
  ws.on('message', (data) => news.push(JSON.parse((data as Buffer).toString()) as News))
  const closed = once(ws, 'close')
  await until('the server said hello', () => news.length > 0)
  const texts = () => news.flatMap(({ message }) => (message === undefined ? [] : [message.text]))
  return { ws, news, texts, closed }
}

test('what one says on one server, everybody reads on every server', { timeout }, async (context) => {
  const [a, b] = await startChats(context, program)
  const ann = await enter(a, await signedIn(a, 'ann'))
  const bob = await enter(b, await signedIn(a, 'bob'))
  assert.deepEqual(bob.news[0], { hello: { user: 'bob', server: 'B' } })
  ann.ws.send('hello')
  bob.ws.send('good day')
  for (const { texts } of [ann, bob]) await until('both are read', () => texts().length === 2)
  assert.deepEqual(ann.texts().toSorted(), ['good day', 'hello'])
})

test(
  'signing out everywhere on A closes the sockets on B, with 1008, and only those',
  { timeout },
  async (context) => {
    const [a, b] = await startChats(context, program)
    const [desk, phone, bob] = [await signedIn(a, 'ann'), await signedIn(b, 'ann'), await signedIn(b, 'bob')]
    const sockets = [await enter(b, desk), await enter(b, phone), await enter(a, phone)]
    const other = await enter(b, bob)
    assert.equal((await desk.post(`${a.url}/sign-out-everywhere`)).status, 204)
    for (const { closed } of sockets) {
      const [code, reason] = await closed
      assert.deepEqual([code, String(reason)], [1008, 'session ended'])
    }
    assert.equal(other.ws.readyState, WebSocket.OPEN)
    assert.equal(desk.cookies, '', 'the cookie is taken away too')
    assert.deepEqual((await phone.get(`${a.url}/me`)).body, { user: null })
  },
)

test('a plain sign-out closes the sockets of that browser alone', { timeout }, async (context) => {
  const [a, b] = await startChats(context, program)
  const [desk, phone] = [await signedIn(a, 'ann'), await signedIn(a, 'ann')]
  const [here, there] = [await enter(b, desk), await enter(b, phone)]
  await desk.post(`${a.url}/sign-out`)
  const [code] = await here.closed
  assert.equal(code, 1008)
  assert.equal(there.ws.readyState, WebSocket.OPEN)
})

test(
  'a server that stops sends its sockets on to another, which gives them what they missed',
  { timeout },
  async (context) => {
    const [a, b] = await startChats(context, program)
    const visitor = await signedIn(a, 'ann')
    const first = await enter(a, visitor)
    first.ws.send('one')
    await until('it is read', () => first.texts().length === 1)
    const stopped = a.stop()
    const [code] = await first.closed
    assert.equal(code, 1012)
    assert.equal(await stopped, 0, a.output())
    const bob = await enter(b, await signedIn(b, 'bob'))
    bob.ws.send('two')
    await until('it is read', () => bob.texts().length === 2)
    const seen = first.news.at(-1)?.message?.id
    const second = await enter(b, visitor, seen)
    await until('it is read', () => second.texts().length === 1)
    assert.deepEqual(second.texts(), ['two'])
  },
)

test(
  'a name that is none is refused 422, and a socket without a sign-in 401',
  { timeout },
  async (context) => {
    const [a] = await startChats(context, program)
    const visitor = new Visitor()
    for (const name of ['', '   ', 'a name of too many characters', 5])
      assert.equal((await visitor.post(`${a.url}/sign-in`, { name })).status, 422)
    const ws = new WebSocket(`ws://127.0.0.1:${a.port}/`)
    const [error] = await once(ws, 'error')
    assert.match(String(error), /401/)
  },
)
