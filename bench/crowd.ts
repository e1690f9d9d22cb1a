// Many client connections that are held open, and mostly say nothing.
import { isWholeResponse, getRequest, Line, type IsWhole } from './line.ts'

/** What each connection says. */
export interface Manner {
  /** Said once, when it is open. Absent: `question` is the first thing. */
  readonly greeting?: readonly [Buffer, IsWhole]
  readonly question: Buffer
  readonly isAnswer: IsWhole
}

/** So many are opened, or asked, at a time: a crowd that comes all at once would be weighed with its haste. */
const width = 64

export class Crowd {
  readonly #port: number
  readonly #manner: Manner
  readonly #signal: AbortSignal
  readonly #lines: Line[] = []

  constructor(port: number, manner: Manner, signal: AbortSignal) {
    this.#port = port
    this.#manner = manner
    this.#signal = signal
  }

  /** Opens connections until there are `count`, and has each answered once. Rejects when one is refused or not answered. */
  async grow(count: number): Promise<void> {
    const { greeting } = this.#manner
    await this.#spread(count - this.#lines.length, async () => {
      const line = await Line.open(this.#port)
      this.#lines.push(line)
      if (greeting !== undefined) await line.ask(...greeting)
      await this.#ask(line)
    })
  }

  /** Asks every one of them once more; resolves with how many answered. */
  async askAll(): Promise<number> {
    let answered = 0
    await this.#spread(this.#lines.length, async (index) => {
      const line = this.#lines[index]
      if (line === undefined) return
      const isAnswered = await this.#ask(line).then(
        () => true,
        () => false,
      )
      if (isAnswered) answered++
    })
    return answered
  }

  close(): void {
    for (const line of this.#lines.splice(0)) line.close()
  }

  #ask(line: Line): Promise<void> {
    return line.ask(this.#manner.question, this.#manner.isAnswer)
  }

  async #spread(count: number, act: (index: number) => Promise<void>): Promise<void> {
    let next = 0
    const work = async () => {
      while (next < count) {
        this.#signal.throwIfAborted()
        await act(next++)
      }
    }
    await Promise.all(Array.from({ length: width }, work))
  }
}

/** Asks for the small body and keeps the connection. */
export function idleManner(port: number): Manner {
  return { question: getRequest('/small', port), isAnswer: isWholeResponse }
}

const word = Buffer.from('still here')
const mask = Buffer.from([1, 2, 3, 4])

/** Opens a WebSocket (RFC 6455) and has a word echoed. */
export function socketManner(port: number): Manner {
  const handshake = [
    'GET /echo HTTP/1.1',
    `Host: 127.0.0.1:${port}`,
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Version: 13',
    // The key and the answer to it that section 1.3 gives as an example.
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  ]
  const masked = word.map((byte, index) => byte ^ (mask[index % mask.length] ?? 0))
  return {
    greeting: [Buffer.from(`${handshake.join('\r\n')}\r\n\r\n`), isAccepted],
    question: Buffer.concat([Buffer.from([0x81, 0x80 | word.length]), mask, masked]),
    isAnswer: isEcho,
  }
}

function isAccepted(received: Buffer): boolean {
  const head = received.toString('latin1')
  if (!head.endsWith('\r\n\r\n')) return false
  if (/^HTTP\/1\.1 101 [^]*\r\nsec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=\r\n/i.test(head))
    return true
  throw new Error(`wanted a WebSocket, got ${JSON.stringify(head.slice(0, 200))}`)
}

const echoed = Buffer.concat([Buffer.from([0x81, word.length]), word])

function isEcho(received: Buffer): boolean {
  if (received.length < echoed.length) return false
  if (received.equals(echoed)) return true
  throw new Error(`wanted a word echoed, got ${received.toString('hex')}`)
}
