// A WebSocket echo with no library (RFC 6455): what a socket costs when nothing but Node holds it.
import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'

/** Section 1.3. */
const guid = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11'
/** Two bytes of head, four of mask. */
const headBytes = 6

/** Accepts the handshake and returns every frame; only whole frames of up to 125 bytes, each in a packet of its own. */
export function echo(request: IncomingMessage, socket: Duplex): void {
  const accept = hash('sha1', `${request.headers['sec-websocket-key']}${guid}`, 'base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  socket.on('data', answerFrame)
  socket.on('error', ignore)
}

/** One function for all sockets, so that a socket holds no closure of ours. */
function answerFrame(this: Duplex, frame: Buffer): void {
  const [first = 0, second = 0] = frame
  const length = second & 0x7f
  const answer = Buffer.alloc(2 + length)
  answer[0] = first
  answer[1] = length
  for (let index = 0; index < length; index++) {
    answer[2 + index] = (frame[headBytes + index] ?? 0) ^ (frame[2 + (index % 4)] ?? 0)
  }
  this.write(answer)
}

/** Clients that go away with a reset are no news. */
function ignore(): void {}
