// The client side of WebSockets: one of the library ws, and the words of one that speaks raw bytes.
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { WebSocket } from 'ws'

export interface WebSocketClient {
  readonly webSocket: WebSocket
  /** The instance that took it, where the balancer reveals it. */
  readonly instance: unknown
  /** What came, in order. */
  readonly messages: readonly Buffer[]
  /** How it ended: code and reason. */
  readonly ended: Promise<string>
}

/** The offer of a raw client to speak WebSocket. */
export function handshakeFor(path: string): string {
  return (
    `GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
  )
}

/** Resolves when it is open. */
export async function openWebSocket(t: TestContext, port: number, path = '/'): Promise<WebSocketClient> {
  const webSocket = new WebSocket(`ws://127.0.0.1:${port}${path}`)
  t.after(() => {
    webSocket.terminate()
  })
  const messages: Buffer[] = []
  webSocket.on('message', (data: Buffer) => messages.push(data))
  webSocket.on('error', () => undefined)
  const ended = endOf(webSocket)
  let instance: unknown
  webSocket.once('upgrade', (response) => {
    instance = response.headers['x-drover-instance']
  })
  await once(webSocket, 'open')
  return { webSocket, instance, messages, ended }
}

/** How a WebSocket, on either side, ends: code and reason. */
export function endOf(webSocket: WebSocket): Promise<string> {
  return new Promise((resolve) => {
    webSocket.once('close', (code, reason) => {
      resolve(`${code} ${String(reason)}`)
    })
  })
}
