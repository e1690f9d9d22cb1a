// The WebSockets of a run's clients. A message that is expected may come after others, and before anybody waits for it.

interface OpenSocket {
  readonly socket: WebSocket
  readonly instance: number
  /** Received, and not yet given out. */
  readonly inbox: string[]
  /** Called whenever something arrives or the socket ends. */
  changed: () => void
  ended: string | undefined
}

export interface SocketAnswer {
  readonly instance: number
  /** 101 when all went well, else 0 and an error. */
  readonly status: number
  readonly messages: readonly string[]
  readonly error: string | undefined
}

export interface SocketOpening {
  readonly url: string
  readonly protocols: readonly string[]
  readonly headers: Readonly<Record<string, string>>
  readonly instance: number
  readonly timeoutMs: number
}

export class Sockets {
  readonly #open = new Map<string, OpenSocket>()

  /** Whether one was opened under `key`, and not closed since by its client. */
  has(key: string): boolean {
    return this.#open.has(key)
  }

  /** Opens a socket under `key`; one that was open there is closed. */
  async connect(key: string, opening: SocketOpening): Promise<SocketAnswer> {
    this.close(key)
    // Node's takes `headers` beyond the standard, to carry cookies.
    const socket = new WebSocket(opening.url, {
      protocols: [...opening.protocols],
      headers: { ...opening.headers },
    })
    const { instance } = opening
    const open: OpenSocket = { socket, instance, inbox: [], changed: () => undefined, ended: undefined }
    socket.binaryType = 'arraybuffer'
    socket.addEventListener('message', ({ data }) => {
      open.inbox.push(asText(data))
      open.changed()
    })
    const end = (why: string) => (): void => {
      open.ended ??= why
      open.changed()
    }
    socket.addEventListener('close', (event) => end(`closed ${event.code}`)())
    socket.addEventListener('error', end('refused'))
    socket.addEventListener('open', () => open.changed())
    const opened = (): boolean | undefined => {
      if (open.ended !== undefined) return false
      return socket.readyState === WebSocket.OPEN ? true : undefined
    }
    const came = await until(open, opened, opening.timeoutMs)
    if (came !== true) {
      socket.close()
      return failure(instance, open.ended ?? 'timeout', [])
    }
    this.#open.set(key, open)
    return { instance, status: 101, messages: [], error: undefined }
  }

  send(key: string, text: string): SocketAnswer {
    const open = this.#open.get(key)
    if (open === undefined) return failure(1, 'not connected', [])
    if (open.ended !== undefined) return failure(open.instance, open.ended, [])
    open.socket.send(text)
    return { instance: open.instance, status: 101, messages: [], error: undefined }
  }

  /** Waits for a message with `includes` in it; everything up to it is given out. */
  async expect(key: string, includes: string, withinMs: number): Promise<SocketAnswer> {
    const open = this.#open.get(key)
    if (open === undefined) return failure(1, 'not connected', [])
    const found = (): boolean | undefined => {
      if (open.inbox.some((message) => message.includes(includes))) return true
      return open.ended === undefined ? undefined : false
    }
    const came = await until(open, found, withinMs)
    const last = open.inbox.findIndex((message) => message.includes(includes))
    const messages = open.inbox.splice(0, last < 0 ? open.inbox.length : last + 1)
    if (came === true) return { instance: open.instance, status: 101, messages, error: undefined }
    return failure(open.instance, open.ended ?? 'no such message', messages)
  }

  close(key: string): SocketAnswer {
    const open = this.#open.get(key)
    open?.socket.close()
    this.#open.delete(key)
    return { instance: open?.instance ?? 1, status: 101, messages: [], error: undefined }
  }

  closeAll(): void {
    for (const key of this.#open.keys()) this.close(key)
  }
}

function failure(instance: number, error: string, messages: readonly string[]): SocketAnswer {
  return { instance, status: 0, messages, error }
}

/** The first answer of `look` that is not undefined, asked whenever the socket changes; undefined when the time is over. */
function until(
  open: OpenSocket,
  look: () => boolean | undefined,
  withinMs: number,
): Promise<boolean | undefined> {
  return new Promise((resolve) => {
    const finish = (result: boolean | undefined): void => {
      clearTimeout(timer)
      open.changed = () => undefined
      resolve(result)
    }
    const timer = setTimeout(() => finish(undefined), withinMs)
    open.changed = () => {
      const result = look()
      if (result !== undefined) finish(result)
    }
    open.changed()
  })
}

function asText(data: unknown): string {
  if (typeof data === 'string') return data
  return data instanceof ArrayBuffer ? `base64 ${Buffer.from(data).toString('base64')}` : String(data)
}
