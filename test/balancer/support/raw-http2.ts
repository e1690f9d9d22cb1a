// A client that speaks HTTP/2 frame by frame, also wrongly: what Node's own client refuses to send.
import { once } from 'node:events'
import type { TestContext } from 'node:test'
import { connect, type ConnectionOptions } from 'node:tls'
import { until } from '../../support/until.ts'

export const frameType = {
  data: 0,
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
}
export const flag = { ack: 1, endStream: 1, endHeaders: 4 }

/** The error codes of RFC 9113 section 7. */
export const errorCode = {
  none: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  refused: 7,
  cancel: 8,
  calm: 11,
}

export interface Frame {
  readonly type: number
  readonly flags: number
  readonly stream: number
  readonly payload: Buffer
}

export interface RawHttp2Client {
  readonly frames: readonly Frame[]
  /** Sends one frame. */
  readonly send: (type: number, flags: number, stream: number, payload?: Buffer) => void
  /** Sends bytes as they are. */
  readonly write: (bytes: Buffer) => void
  /** Waits for a frame. */
  readonly sees: (what: string, isIt: (frame: Frame) => boolean) => Promise<Frame>
  /** The error code with which the stream was reset. */
  readonly isReset: (stream: number) => Promise<number>
  /** The error code with which the connection was ended. */
  readonly isSentAway: () => Promise<number>
  /** The text of a stream's body once it is complete. */
  readonly body: (stream: number) => Promise<string>
  readonly closed: () => Promise<unknown>
  /** Ends its side in order. */
  readonly end: () => void
  /** Reads nothing more. */
  readonly pause: () => void
  readonly destroy: () => void
}

/** A request's head as a header block: fields as they are, pseudo fields too. */
export function headerBlock(fields: readonly (readonly [name: string, value: string])[]): Buffer {
  return Buffer.concat(fields.flatMap(([name, value]) => [Buffer.from([0]), prefixed(name), prefixed(value)]))
}

/** A literal of HPACK without Huffman coding (RFC 7541 section 5.2). */
function prefixed(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  const length: number[] = []
  if (bytes.length < 127) length.push(bytes.length)
  else {
    let rest = bytes.length - 127
    length.push(127)
    for (; rest >= 128; rest >>= 7) length.push((rest & 127) | 128)
    length.push(rest)
  }
  return Buffer.concat([Buffer.from(length), bytes])
}

/** The pseudo fields of a GET, to be changed and added to. */
export function getOf(path: string): [string, string][] {
  return [
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', 'localhost'],
    [':path', path],
  ]
}

export function frameOf(
  type: number,
  flags: number,
  stream: number,
  payload: Buffer = Buffer.alloc(0),
): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head.writeUInt8(type, 3)
  head.writeUInt8(flags, 4)
  head.writeUInt32BE(stream, 5)
  return Buffer.concat([head, payload])
}

export async function connectHttp2Raw(
  t: TestContext,
  port: number,
  options: ConnectionOptions & { readonly allowHalfOpen?: boolean } = {},
): Promise<RawHttp2Client> {
  const usual = { port, host: '127.0.0.1', rejectUnauthorized: false, ALPNProtocols: ['h2'] }
  const socket = connect({ ...usual, ...options })
  t.after(() => socket.destroy())
  const frames: Frame[] = []
  let unread = Buffer.alloc(0)
  let isClosed = false
  socket.on('error', () => undefined)
  socket.once('close', () => {
    isClosed = true
  })
  socket.on('data', (chunk: Buffer) => {
    unread = Buffer.concat([unread, chunk])
    for (;;) {
      const end = unread.length < 9 ? Infinity : 9 + unread.readUIntBE(0, 3)
      if (unread.length < end) return
      const stream = unread.readUInt32BE(5)
      frames.push({
        type: unread.readUInt8(3),
        flags: unread.readUInt8(4),
        stream,
        payload: unread.subarray(9, end),
      })
      unread = unread.subarray(end)
    }
  })
  await once(socket, 'secureConnect')
  socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
  socket.write(frameOf(frameType.settings, 0, 0))
  const sees = (what: string, isIt: (frame: Frame) => boolean) => until(what, () => frames.find(isIt))
  return {
    frames,
    send: (type, flags, stream, payload) => socket.write(frameOf(type, flags, stream, payload)),
    write: (bytes) => socket.write(bytes),
    sees,
    isReset: async (stream) => {
      const frame = await sees(
        `stream ${stream} is reset`,
        (one) => one.type === frameType.reset && one.stream === stream,
      )
      return frame.payload.readUInt32BE(0)
    },
    isSentAway: async () => {
      const frame = await sees('a GOAWAY comes', ({ type }) => type === frameType.goaway)
      return frame.payload.readUInt32BE(4)
    },
    body: async (stream) => {
      const isIts = (frame: Frame) => frame.type === frameType.data && frame.stream === stream
      await sees(`stream ${stream} ends`, (frame) => isIts(frame) && (frame.flags & flag.endStream) !== 0)
      return Buffer.concat(frames.filter(isIts).map(({ payload }) => payload)).toString('latin1')
    },
    closed: () => until('the connection is closed', () => isClosed),
    end: () => socket.end(),
    pause: () => socket.pause(),
    destroy: () => socket.destroy(),
  }
}
