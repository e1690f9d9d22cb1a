// Rule R1 against real deaths: what is repeated, where, and what the client sees when nothing may be.
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test, type TestContext } from 'node:test'
import { until } from '../support/until.ts'
import { startBalancer, type TestBalancerOptions } from './support/balancer.ts'
import { call, connectRaw, type CallOptions } from './support/client.ts'
import {
  startHttpInstance,
  startRawInstance,
  startRefusing,
  type RawConnection,
  type TestInstance,
} from './support/instance.ts'

/** With this the first instance of the list is always chosen first. */
const firstFirst = { random: () => 0 }

interface Fleet {
  readonly port: number
  /** The requests that reached each instance, in order. */
  readonly effects: string[]
  readonly quiet: () => Promise<unknown>
  readonly use: (...instances: readonly TestInstance[]) => void
}

/** An instance that dies each time as `die` does, and before it in the list nothing; after it one that lives. */
async function startFleet(
  t: TestContext,
  die: (connection: RawConnection, index: number) => void,
  options: TestBalancerOptions = firstFirst,
): Promise<Fleet> {
  const { port, quiet, use } = await startBalancer(t, options)
  const effects: string[] = []
  const dying = await startRawInstance(t, 'dying', (connection, head, index) => {
    effects.push(`dying ${head.split(' ', 1)[0]}`)
    die(connection, index)
  })
  const living = await startHttpInstance(t, 'living', (request, response) => {
    effects.push(`living ${request.method}`)
    answerWithBody(request, response)
  })
  use(dying, living)
  return { port, effects, quiet, use }
}

function answerWithBody(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => response.end(chunks.length === 0 ? 'alive' : Buffer.concat(chunks)))
}

const reset = ({ socket }: RawConnection) => {
  socket.resetAndDestroy()
}
const close = ({ socket }: RawConnection) => {
  socket.end()
}
const says = (text: string) => (connection: RawConnection) => {
  // The bytes must arrive before the reset, which would overtake them.
  connection.socket.write(text, () => setTimeout(() => connection.socket.resetAndDestroy(), 20))
}

for (const method of ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE', 'POST', 'PATCH']) {
  test(`${method} is repeated when its instance refuses the connection, and takes effect once`, async (t) => {
    const balancer = await startBalancer(t, firstFirst)
    const effects: string[] = []
    const living = await startHttpInstance(t, 'living', (request, response) => {
      effects.push(request.method ?? '')
      answerWithBody(request, response)
    })
    balancer.use(await startRefusing(t, 'refusing'), living)
    const body = method === 'GET' || method === 'HEAD' ? '' : 'body'
    const answer = await call(balancer.port, '/', { method }, body)
    assert.deepEqual([answer.status, answer.instance], [200, 'living'])
    if (body !== '') assert.equal(answer.text, body)
    assert.deepEqual(effects, [method])
    await balancer.quiet()
  })
}

const deaths: Record<string, (connection: RawConnection) => void> = {
  'before a byte of a response, by reset': reset,
  'before a byte of a response, by close': close,
  'in the head of its response': says('HTTP/1.1 200 OK\r\nContent-Le'),
  'in the body of its response': says('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfalse'),
  'between the chunks of its response': says(
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nfalse\r\n',
  ),
  'after an information': says('HTTP/1.1 103 Early Hints\r\n\r\n'),
  'with something that is not HTTP': says('hello\r\n\r\n'),
  'with a response that could be read in two ways': says(
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ),
}
const held: TestBalancerOptions = { ...firstFirst, limits: { holdTimeMs: 100_000 } }

for (const [how, die] of Object.entries(deaths)) {
  test(`an instance that dies ${how}: what can be repeated is, elsewhere, and the client sees one whole answer`, async (t) => {
    const fleet = await startFleet(t, die, held)
    // The head of a response to HEAD is all of it.
    const methods = /body|chunks/.test(how)
      ? ['GET', 'OPTIONS', 'PUT']
      : ['GET', 'HEAD', 'OPTIONS', 'PUT', 'DELETE']
    for (const method of methods) {
      const body = method === 'PUT' ? 'body' : ''
      const answer = await call(fleet.port, '/', { method }, body)
      assert.deepEqual([answer.status, answer.instance], [200, 'living'], method)
      assert.equal(answer.text, method === 'HEAD' ? '' : body || 'alive')
      assert.deepEqual(fleet.effects.splice(0), [`dying ${method}`, `living ${method}`])
    }
    await fleet.quiet()
  })

  test(`an instance that dies ${how}: POST and PATCH are answered 502, and took effect once at most`, async (t) => {
    const fleet = await startFleet(t, die, held)
    for (const method of ['POST', 'PATCH']) {
      const answer = await call(fleet.port, '/', { method }, 'body')
      assert.deepEqual([answer.status, answer.instance], [502, undefined], method)
      assert.doesNotMatch(answer.text, /false|127\.0\.0\.1/)
      assert.deepEqual(fleet.effects.splice(0), [`dying ${method}`])
    }
    await fleet.quiet()
  })
}

for (const [framing, field, begin] of [
  ['a length', 'Content-Length: 10', 'begin'],
  ['chunks', 'Transfer-Encoding: chunked', '5\r\nbegin\r\n'],
  ['the end of the connection', 'X-Close: yes', 'begin'],
] as const) {
  test(`an instance that dies when the client has bytes, with ${framing}: the client's stream is reset`, async (t) => {
    let dying: RawConnection | undefined
    const fleet = await startFleet(
      t,
      (connection) => {
        dying = connection
        connection.socket.write(`HTTP/1.1 200 OK\r\n${field}\r\n\r\n${begin}`)
      },
      { ...firstFirst, limits: { holdTimeMs: 1 } },
    )
    const client = await connectRaw(t, fleet.port)
    client.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
    await client.sees('begin')
    dying?.socket.resetAndDestroy()
    assert.equal(await client.ends(), 'reset')
    assert.doesNotMatch(client.received(), /\r\n0\r\n/)
    assert.deepEqual(fleet.effects, ['dying GET'])
    await fleet.quiet()
  })
}

test('an instance that ends too early when the client has bytes: the stream is reset, never looks whole', async (t) => {
  let dying: RawConnection | undefined
  const fleet = await startFleet(
    t,
    (connection) => {
      dying = connection
      connection.socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nbegin\r\n')
    },
    { ...firstFirst, limits: { holdTimeMs: 1 } },
  )
  const client = await connectRaw(t, fleet.port)
  client.send('GET / HTTP/1.0\r\n\r\n')
  await client.sees('begin')
  dying?.socket.end()
  assert.equal(await client.ends(), 'reset')
})

test('a body too large to send again: PUT is answered 502, and the next request on the connection is served', async (t) => {
  const dieAfterBody = (connection: RawConnection) => {
    void until('the whole body came', () => connection.received().length > 200_000).then(() =>
      connection.socket.resetAndDestroy(),
    )
  }
  const fleet = await startFleet(t, dieAfterBody, { ...firstFirst, limits: { spoolBytes: 0 } })
  const client = await connectRaw(t, fleet.port)
  client.send(`PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 200000\r\n\r\n${'x'.repeat(200_000)}`)
  await client.sees('HTTP/1.1 502 ')
  assert.deepEqual(fleet.effects, ['dying PUT'])
  await fleet.quiet()
})

test('a refusal reaches a client that is still sending its body', async (t) => {
  const fleet = await startFleet(t, reset)
  const client = await connectRaw(t, fleet.port)
  client.send(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3000000\r\n\r\n${'x'.repeat(1_000_000)}`)
  await client.sees('HTTP/1.1 502 ')
  client.send('x'.repeat(2_000_000))
  client.send('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  await client.sees('alive')
})

for (const options of [{ headers: {} }, { headers: { 'transfer-encoding': 'chunked' } }] as CallOptions[]) {
  const framing = options.headers?.['transfer-encoding'] === undefined ? 'a length' : 'chunks'
  test(`a body with ${framing} is sent again byte for byte`, async (t) => {
    const fleet = await startFleet(t, (connection) => {
      const bodyCame = () => /\r\n\r\n[^]/.test(connection.received())
      void until('some of the body came', bodyCame).then(() => connection.socket.resetAndDestroy())
    })
    for (const size of [1, 1_000, 30_000, 65_536]) {
      const body = randomBytes(size)
      const answer = await call(fleet.port, '/', { method: 'PUT', ...options }, body)
      assert.equal(answer.status, 200, `${size} bytes`)
      assert.deepEqual(answer.body, body)
    }
    await fleet.quiet()
  })
}

test('attempts are bounded: five deaths are answered 502, and no instance is asked twice', async (t) => {
  const balancer = await startBalancer(t)
  const asked: string[] = []
  const instances: TestInstance[] = []
  for (const id of ['1', '2', '3', '4', '5', '6', '7']) {
    const instance = await startRawInstance(t, id, ({ socket }) => {
      asked.push(id)
      socket.resetAndDestroy()
    })
    instances.push(instance)
  }
  balancer.use(...instances)
  assert.equal((await call(balancer.port, '/')).status, 502)
  assert.equal(asked.length, 5)
  assert.equal(new Set(asked).size, 5)
  await balancer.quiet()
})

test('an instance that refuses costs no attempt: the fourth is reached though three are down', async (t) => {
  const balancer = await startBalancer(t)
  const living = await startHttpInstance(t, 'living', answerWithBody)
  const down = [await startRefusing(t, '1'), await startRefusing(t, '2'), await startRefusing(t, '3')]
  balancer.use(...down, living)
  for (let index = 0; index < 20; index++) {
    assert.equal((await call(balancer.port, '/', { method: 'POST' }, 'x')).instance, 'living')
  }
  await balancer.quiet()
})
