import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { listen } from '../../test/support/free-port.ts'
import { stripForgedMarker } from './forged-marker.ts'

const forgeries: Readonly<Record<string, (res: ServerResponse) => void>> = {
  setHeader: (res) => void res.setHeader('X-Drover-Not-Processed', 'word').setHeader('x-kept', '1').end('x'),
  appendHeader: (res) =>
    void res.appendHeader('x-drover-not-processed', 'word').appendHeader('x-kept', '1').end('x'),
  'writeHead with an object': (res) =>
    void res.writeHead(503, { 'X-DROVER-not-processed': 'word', 'x-kept': '1' }).end(),
  'writeHead with a reason and an object': (res) =>
    void res.writeHead(503, 'Gone', { 'x-drover-not-processed': 'word', 'x-kept': '1' }).end(),
  'writeHead with a list': (res) =>
    void res.writeHead(503, ['x-kept', '1', 'X-Drover-Not-Processed', 'word']).end(),
  'setHeader, then a streamed body': (res) => {
    res.setHeader('x-drover-not-processed', 'word').setHeader('x-kept', '1').write('a')
    res.end('b')
  },
  flushHeaders: (res) => {
    res.setHeader('x-drover-not-processed', 'word').setHeader('x-kept', '1').flushHeaders()
    res.end()
  },
}

for (const [name, forge] of Object.entries(forgeries)) {
  test(`${name}: a handler's marker is taken off, and nothing else`, async (t) => {
    const server = createServer((_req, res) => {
      stripForgedMarker(res)
      forge(res)
    })
    const port = await listen(server)
    t.after(() => server.close())
    const { headers } = await fetch(`http://127.0.0.1:${port}/`)
    assert.deepEqual([headers.get('x-drover-not-processed'), headers.get('x-kept')], [null, '1'])
  })
}
