import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import { test } from 'node:test'
import { listen } from '../../../test/support/free-port.ts'
import { requestHeader, type AppEvent } from './event.ts'
import { watchRequests } from './requests.ts'

test('a WebSocket is opened with all its headers but that of the driver', async () => {
  const events: Omit<AppEvent, 'pid'>[] = []
  watchRequests({
    emit: (event) => events.push(event),
    answering: () => undefined,
    telling: () => undefined,
    serving: () => undefined,
  })
  const server = createServer()
  const asked = once(server, 'upgrade')
  const port = await listen(server)
  const headers = { connection: 'Upgrade', upgrade: 'websocket', [requestHeader]: '7', 'x-last': 'here' }
  const opening = request({ port, headers }).on('error', () => undefined)
  opening.end()
  try {
    const [seen]: IncomingMessage[] = await asked
    assert.equal(seen?.headers['x-last'], 'here')
    assert.equal(seen.headers[requestHeader], undefined)
    assert.ok(!seen.rawHeaders.includes(requestHeader))
    assert.deepEqual(
      events.map(({ event, request: number }) => `${event} ${number}`),
      ['request 7', 'socket 7'],
    )
  } finally {
    opening.destroy()
    server.close()
    server.closeAllConnections()
  }
})
