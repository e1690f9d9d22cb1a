// examples/socket-io: two of its servers on one store, with real Socket.IO clients.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { io } from 'socket.io-client'
import type { Socket } from 'socket.io-client'
import { Visitor } from '../shop/visitor.ts'
import { until } from '../support/until.ts'
import { signedIn, startChats } from './chat.ts'
import type { ExampleServer } from './example-server.ts'

const program = 'examples/socket-io/server.ts'
const timeout = 60_000

interface Chatter {
  readonly socket: Socket
  readonly hello: unknown
  readonly texts: readonly string[]
  /** Why it was disconnected, or undefined. */
  readonly ended: () => string | undefined
}

interface EnterOptions {
  readonly transports?: string[]
  readonly reconnection?: boolean
}

/** Rejects when the server refuses. */
async function enter(
  context: TestContext,
  server: ExampleServer,
  visitor: Visitor,
  { transports = ['websocket'], reconnection = false }: EnterOptions = {},
): Promise<Chatter> {
  const extraHeaders = { cookie: visitor.cookies, origin: server.url }
  const socket = io(server.url, { transports, reconnection, extraHeaders })
  context.after(() => socket.disconnect())
  const texts: string[] = []
  let reason: string | undefined
  socket.on('message', ({ text }: { text: string }) => texts.push(text))
  socket.on('disconnect', (why) => (reason = why))
  const hello = await new Promise((resolve, reject) => {
    socket.once('hello', resolve)
    socket.once('connect_error', reject)
  })
  return { socket, hello, texts, ended: () => reason }
}

test('what one says on one server, everybody reads on every server', { timeout }, async (context) => {
  const [a, b] = await startChats(context, program)
  const ann = await enter(context, a, await signedIn(a, 'ann'))
  const bob = await enter(context, b, await signedIn(a, 'bob'))
  assert.deepEqual(bob.hello, { user: 'bob', server: 'B' })
  ann.socket.emit('say', 'hello')
  bob.socket.emit('say', 'good day')
  for (const { texts } of [ann, bob]) await until('both are read', () => texts.length === 2)
})

test(
  'signing out everywhere on A disconnects the sockets on B, and only those',
  { timeout },
  async (context) => {
    const [a, b] = await startChats(context, program)
    const [desk, phone] = [await signedIn(a, 'ann'), await signedIn(b, 'ann')]
    const sockets = [await enter(context, b, desk), await enter(context, a, phone)]
    const other = await enter(context, b, await signedIn(b, 'bob'))
    assert.equal((await desk.post(`${a.url}/sign-out-everywhere`)).status, 204)
    for (const { ended } of sockets) {
      await until('it is disconnected', ended)
      assert.match(String(ended()), /^io server disconnect$|^transport close$/)
    }
    assert.equal(other.socket.connected, true)
  },
)

test(
  'without a sign-in the client is told 401; long polling is refused by every server',
  { timeout },
  async (context) => {
    const [a] = await startChats(context, program)
    await assert.rejects(enter(context, a, new Visitor()), (error: unknown) => {
      assert.deepEqual(Reflect.get(Object(error), 'data'), { code: 'SESSION_REQUIRED', status: 401 })
      return true
    })
    await assert.rejects(
      enter(context, a, await signedIn(a, 'ann'), { transports: ['polling'] }),
      /xhr poll error/,
    )
  },
)

test('a server that stops ends its sockets, not their sessions', { timeout }, async (context) => {
  const [a, b] = await startChats(context, program)
  const visitor = await signedIn(a, 'ann')
  const first = await enter(context, a, visitor, { reconnection: true })
  assert.equal(await a.stop(), 0, a.output())
  await until('it is disconnected', first.ended)
  assert.equal(first.socket.active, true, 'the client comes back by itself')
  const second = await enter(context, b, visitor)
  assert.deepEqual(second.hello, { user: 'ann', server: 'B' })
})
