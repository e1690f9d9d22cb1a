// What a client is answered in place of a WebSocket upgrade.
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { request } from 'node:http'
import type { IncomingMessage } from 'node:http'

export async function refusedUpgrade(
  port: number,
  headers: Readonly<Record<string, string>>,
): Promise<IncomingMessage> {
  const upgrade = request({
    port,
    host: '127.0.0.1',
    headers: {
      connection: 'Upgrade',
      upgrade: 'websocket',
      'sec-websocket-version': '13',
      'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
      ...headers,
    },
  })
  upgrade.end()
  const [response]: IncomingMessage[] = await once(upgrade, 'response')
  response?.resume()
  return response ?? assert.fail('no response')
}
