// Several requests on one connection: each has its own session and its own answer, in order.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { Agent } from 'node:http'
import { connect } from 'node:net'
import { test } from 'node:test'
import type { Adapter } from '../adapter.ts'
import { ask, cookieOf, responseTo, runApp, textOf } from '../running-app.ts'
import { post, shopApp } from '../shop-app.ts'

export function connections(adapter: Adapter): void {
  test('visitors who share a connection, as behind a proxy, never share a session', async (context) => {
    const app = await runApp(context, adapter, shopApp)
    const dark = cookieOf(await app.visit('/theme/dark', post))
    const light = cookieOf(await app.visit('/theme/light', post))
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    context.after(() => {
      agent.destroy()
    })
    const seen: unknown[] = []
    for (const cookie of [dark, undefined, light, dark]) {
      const asked = ask(app, '/me', { agent, headers: cookie === undefined ? {} : { cookie } })
      const response = await responseTo(asked)
      seen.push([await textOf(response), response.headers['set-cookie'], asked.reusedSocket])
    }
    assert.deepEqual(seen, [
      ['{"theme":"dark"}', undefined, false],
      ['{}', undefined, true],
      ['{"theme":"light"}', undefined, true],
      ['{"theme":"dark"}', undefined, true],
    ])
  })

  test('pipelined requests are answered in order, each after its own save', async (context) => {
    const app = await runApp(context, adapter, shopApp)
    const ann = cookieOf(await app.visit('/login/ann', post))
    const held = app.store.holdNext('create')
    const socket = connect(app.port, '127.0.0.1')
    const line = (start: string, more = '') =>
      `${start} HTTP/1.1\r\nhost: x\r\ncontent-length: 0\r\n${more}\r\n`
    socket.write(
      line('POST /theme/dark') +
        line('POST /theme/light', `cookie: ${ann}\r\n`) +
        line('GET /me', 'connection: close\r\n'),
    )
    let received = ''
    socket.on('data', (chunk) => (received += String(chunk)))
    await held.reached
    // The second one is saved while the first one still waits.
    const later = await app.visit('/cart/mug', { ...post, cookie: ann })
    assert.equal(later.status, 200)
    assert.equal(received, '')
    held.release()
    await once(socket, 'close')
    const answers = received.split(/(?=HTTP\/1\.1 )/)
    assert.deepEqual(
      answers.map((answer) => answer.slice(0, 15)),
      ['HTTP/1.1 200 OK', 'HTTP/1.1 200 OK', 'HTTP/1.1 200 OK'],
    )
    assert.deepEqual(
      answers.map((answer) => /set-cookie: sid=/i.test(answer)),
      [true, false, false],
    )
    assert.match((await app.visit('/me', { cookie: ann })).text, /"theme":"light"/)
  })
}
