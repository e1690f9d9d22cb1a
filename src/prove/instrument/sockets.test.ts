import assert from 'node:assert/strict'
import { EventEmitter } from 'node:events'
import { test } from 'node:test'
import { noteOpening, runAs } from './context.ts'
import type { AppEvent } from './event.ts'
import { SocketWatch } from './sockets.ts'

test('told is what others are sent: neither the answer to a message nor a greeting', async () => {
  const sent: string[] = []
  class FakeSocket extends EventEmitter {
    send(text: string): void {
      sent.push(text)
    }
  }
  const events: Omit<AppEvent, 'pid'>[] = []
  const place = { file: 'app.js', line: 7 }
  const watch = new SocketWatch({
    emit: (event) => events.push(event),
    frames: { here: () => ({ place, package: 'ws', module: undefined }) },
  })
  watch.ran('/app/node_modules/ws/lib/websocket.js', FakeSocket)
  const [ann, bob] = [new FakeSocket(), new FakeSocket()]
  const opening = { request: 1 }
  noteOpening(opening)
  runAs(opening, () => ann.send('welcome'))
  const answered = new Promise<void>((resolve) => {
    ann.on('message', (text: string) => {
      ann.send('read')
      setImmediate(() => {
        for (const each of [ann, bob]) each.send(text)
        resolve()
      })
    })
  })
  ann.emit('message', 'ahoy')
  await answered
  runAs({ request: 2 }, () => bob.send('news'))
  assert.deepEqual(sent, ['welcome', 'read', 'ahoy', 'ahoy', 'news'])
  assert.deepEqual(
    events.map(({ event, request, detail, writtenAt }) => [event, request, detail, writtenAt]),
    [
      ['broadcast', 1, 'ahoy', place],
      ['broadcast', 2, 'news', place],
    ],
  )
})
